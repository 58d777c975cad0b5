{{ config(materialized='table', ha=true) }}

with media_days as (
    select
        day,
        play_count,
        unique_play_count,
        hours_watched,
        engagement,
        visitors,
        max(day) over () as newest_date
    from {{ ref('media_days') }}
),

visitor_days as (
    select
        day,
        new_visitors,
        returning_visitors,
        visitors_so_far,
        max(day) over () as newest_date
    from {{ ref('visitor_days') }}
),

media_totals as (
    select
        day,
        newest_date,
        sum(play_count) as plays,
        sum(hours_watched) as hours_watched,
        sum(unique_play_count) / nullif(cast(sum(visitors) as double), 0) as play_rate,
        sum(engagement * play_count)
        / nullif(
            cast(sum(case when engagement is not null then play_count end) as double), 0
        ) as engagement
    from media_days
    group by day, newest_date
),

-- A figure of a day speaks of the last whole day, a figure so far of the newest one.
figures as (
    select
        'plays' as kpi,
        newest_date as counted_on,
        day,
        cast(plays as double) as figure
    from media_totals
    union all
    select
        'hours_watched' as kpi,
        newest_date as counted_on,
        day,
        hours_watched as figure
    from media_totals
    union all
    select
        'play_rate' as kpi,
        newest_date as counted_on,
        day,
        play_rate as figure
    from media_totals
    union all
    select
        'engagement' as kpi,
        newest_date as counted_on,
        day,
        engagement as figure
    from media_totals
    union all
    select
        'visitors' as kpi,
        newest_date as counted_on,
        day,
        cast(visitors_so_far as double) as figure
    from visitor_days
    union all
    select
        'new_visitors' as kpi,
        {{ days_before('newest_date', 1) }} as counted_on,
        day,
        cast(new_visitors as double) as figure
    from visitor_days
    union all
    select
        'returning_visitors' as kpi,
        {{ days_before('newest_date', 1) }} as counted_on,
        day,
        cast(returning_visitors as double) as figure
    from visitor_days
)

select
    kpi,
    counted_on,
    max(case when day = counted_on then figure end) as value_now,
    max(case
        when day = {{ days_before('counted_on', 1) }} then figure
    end) as value_day_before,
    max(case
        when day = {{ days_before('counted_on', 7) }} then figure
    end) as value_week_before
from figures
group by kpi, counted_on
