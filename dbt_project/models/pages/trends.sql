{{ config(materialized='table', ha=true) }}

with days as (
    select
        media_id,
        activity_date,
        reported_load_count,
        reported_play_count,
        event_count,
        end_count,
        cast(round(hours_watched * 3600000) as bigint) as watched_ms
    from {{ ref('media_daily') }}
),

-- A day, and the week (from Monday) and month it belongs to; what is older than the days
-- on pages is only told by months.
periods as (
    {% for period in ['day', 'week', 'month'] %}
        select
            '{{ period }}' as period,
            cast(date_trunc('{{ period }}', activity_date) as date) as starts_on,
            media_id,
            reported_load_count,
            reported_play_count,
            event_count,
            end_count,
            watched_ms
        from days
        {% if period != 'month' %}
            where activity_date > {{ days_before(as_of_date(), var('days_on_pages')) }}
        {% endif %}
        {{ 'union all' if not loop.last }}
    {% endfor %}
),

totals as (
    select
        media_id,
        period,
        starts_on,
        cast(sum(reported_load_count) as bigint) as load_count,
        cast(sum(reported_play_count) as bigint) as play_count,
        cast(sum(event_count) as bigint) as event_count,
        cast(sum(end_count) as bigint) as end_count,
        cast(sum(watched_ms) as double) / 3600000 as hours_watched,
        cast(case
            when period = 'day' then {{ days_before('starts_on', 1) }}
            when period = 'week' then {{ days_before('starts_on', 7) }}
            else date_trunc('month', {{ days_before('starts_on', 1) }})
        end as date) as started_before
    from periods
    group by media_id, period, starts_on
)

select
    totals.media_id,
    totals.period,
    totals.starts_on,
    totals.load_count,
    totals.play_count,
    totals.event_count,
    totals.end_count,
    totals.hours_watched,
    earlier.play_count as play_count_before,
    earlier.hours_watched as hours_watched_before
from totals
left join totals as earlier
    on
        totals.media_id = earlier.media_id
        and totals.period = earlier.period
        and totals.started_before = earlier.starts_on
