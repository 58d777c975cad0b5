{{ config(materialized='table', ha=true) }}

with newest as (
    select max(day) as newest_day
    from {{ ref('calendar') }}
    where has_arrived
),

plays as (
    select
        plays.visitor_key,
        plays.activity_date
    from {{ ref('fact_plays') }} as plays
    inner join newest
        on plays.activity_date <= newest.newest_day
),

-- People are counted again for each period: days do not add up to weeks.
periods as (
    {% for period in ['day', 'week', 'month'] %}
        select
            '{{ period }}' as period,
            cast(date_trunc('{{ period }}', activity_date) as date) as starts_on,
            count(distinct visitor_key) as viewer_count
        from plays
        group by cast(date_trunc('{{ period }}', activity_date) as date)
        {{ 'union all' if not loop.last }}
    {% endfor %}
),

new_viewers as (
    {% for period in ['day', 'week', 'month'] %}
        select
            '{{ period }}' as period,
            cast(date_trunc('{{ period }}', first_play_date) as date) as starts_on,
            count(*) as new_viewer_count
        from {{ ref('viewers') }}
        group by cast(date_trunc('{{ period }}', first_play_date) as date)
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
cross join newest
where
    periods.period = 'month'
    or periods.starts_on > {{ days_before('newest.newest_day', var('days_on_pages')) }}
