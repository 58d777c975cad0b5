{{ config(materialized='table', ha=true) }}

with days as (
    select
        media_id,
        activity_date,
        reported_load_count,
        reported_play_count,
        event_count,
        known_count,
        end_count,
        cast(round(hours_watched * 3600000) as bigint) as watched_ms
    from {{ ref('media_daily') }}
),

-- A day, and the week (from Monday) and month it belongs to; what is older than days
-- on pages reach is only told by months.
periods as (
    {% for period in ['day', 'week', 'month'] %}
        select
            '{{ period }}' as period,
            cast(date_trunc('{{ period }}', activity_date) as date) as starts_on,
            media_id,
            reported_load_count,
            reported_play_count,
            event_count,
            known_count,
            end_count,
            watched_ms
        from days
        {% if period != 'month' %}
            where
                cast(date_trunc('{{ period }}', activity_date) as date)
                > {{ days_before(as_of_date(), var('days_on_pages')) }}
        {% endif %}
        {{ 'union all' if not loop.last }}
    {% endfor %}
)

-- Whole seconds: hours in all their digits would be most of what a reader gets.
select
    media_id,
    period,
    starts_on,
    cast(sum(reported_load_count) as bigint) as load_count,
    cast(sum(reported_play_count) as bigint) as play_count,
    cast(sum(event_count) as bigint) as event_count,
    cast(sum(known_count) as bigint) as known_count,
    cast(sum(end_count) as bigint) as end_count,
    cast(round(cast(sum(watched_ms) as double) / 1000) as bigint) as watched_seconds
from periods
group by media_id, period, starts_on
