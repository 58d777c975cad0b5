with plays as (
    select
        visitor_key,
        activity_date
    from {{ ref('fact_plays') }}
    where activity_date <= {{ newest_day() }}
),

-- People are counted again for each period: days do not add up to weeks.
periods as (
    {% for period in ['day', 'week', 'month'] %}
        select
            '{{ period }}' as period,
            {{ start_of(period, 'activity_date') }} as starts_on,
            count(distinct visitor_key) as viewer_count
        from plays
        group by {{ start_of(period, 'activity_date') }}
        {{ 'union all' if not loop.last }}
    {% endfor %}
),

new_viewers as (
    {% for period in ['day', 'week', 'month'] %}
        select
            '{{ period }}' as period,
            {{ start_of(period, 'first_play_date') }} as starts_on,
            count(*) as new_viewer_count
        from {{ ref('viewers') }}
        group by {{ start_of(period, 'first_play_date') }}
        {{ 'union all' if not loop.last }}
    {% endfor %}
)

select
    periods.period,
    periods.starts_on,
    periods.viewer_count,
    coalesce(new_viewers.new_viewer_count, 0) as new_viewer_count
from periods
left join new_viewers
    on periods.period = new_viewers.period and periods.starts_on = new_viewers.starts_on
where
    periods.period = 'month'
    or periods.starts_on > {{ days_before(newest_day(), var('days_on_pages')) }}
