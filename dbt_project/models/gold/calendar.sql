with days as (
    select
        activity_date,
        cast(sum(reported_load_count) as bigint) as load_count,
        cast(sum(coalesce(reported_play_count, event_count)) as bigint) as play_count,
        {{ open_day() }} as open_day
    from {{ ref('media_daily') }}
    group by activity_date
),

bounds as (
    select
        min(activity_date) as first_day,
        max({{ days_before('open_day', 1) }}) as last_day
    from days
    where activity_date < open_day
),

whole_days as (
    select
        spine.day,
        days.load_count,
        days.play_count,
        greatest(coalesce(days.load_count, 0), coalesce(days.play_count, 0)) as seen
    from bounds
    {{ join_days('bounds.first_day', 'bounds.last_day') }}
    left join days
        on spine.day = days.activity_date
),

newest as (
    select max(day) as newest_day
    from whole_days
    where seen > 0
),

-- As many a day in the four weeks up to the newest day that has some. Where they are
-- seven or more, a day has none by chance once in a thousand days.
usual as (
    select
        max(newest.newest_day) as newest_day,
        avg(cast(whole_days.seen as double)) as seen_a_day
    from newest
    inner join whole_days
        on
            newest.newest_day >= whole_days.day
            and {{ days_before('newest.newest_day', 28) }} < whole_days.day
)

select
    whole_days.day,
    whole_days.load_count,
    whole_days.play_count,
    case
        when whole_days.day <= usual.newest_day then true
        when whole_days.load_count is null and whole_days.play_count is null then false
        when usual.seen_a_day >= 7 then false
        else true
    end as has_arrived
from whole_days
cross join usual
