with days as (
    select
        *,
        cast(round(hours_watched * 3600000) as bigint) as watched_ms
    from {{ ref('media_daily') }}
),

-- A day, and the week (from Monday) and month it belongs to; what is older than days
-- on pages reach is only told by months. Whole seconds: hours in all their digits would
-- be most of what a reader gets.
periods as (
    {% for period in ['day', 'week', 'month'] %}
        select
            media_id,
            '{{ period }}' as period,
            {{ start_of(period, 'activity_date') }} as starts_on,
            cast(sum(reported_load_count) as bigint) as load_count,
            cast(sum(reported_play_count) as bigint) as play_count,
            cast(sum(event_count) as bigint) as event_count,
            cast(sum(known_count) as bigint) as known_count,
            cast(sum(end_count) as bigint) as end_count,
            cast(round(cast(sum(watched_ms) as double) / 1000) as bigint)
                as watched_seconds
        from days
        {% if period != 'month' %}
            where
                {{ start_of(period, 'activity_date') }}
                > {{ days_before(as_of_date(), var('days_on_pages')) }}
        {% endif %}
        group by media_id, {{ start_of(period, 'activity_date') }}
        {{ 'union all' if not loop.last }}
    {% endfor %}
)

select
    media_id,
    period,
    starts_on,
    load_count,
    play_count,
    event_count,
    known_count,
    end_count,
    watched_seconds
from periods
