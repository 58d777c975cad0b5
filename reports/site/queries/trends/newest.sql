-- The newest 30 whole days, and the 30 before them.
with days as (
    select trends.*, cast(status.as_of_date as date) - cast(trends.starts_on as date) as back
    from pages.trends as trends
    cross join pages.status as status
    where trends.starts_on is not null and trends.period = 'day'
)

select
    sum(case when back between 1 and 30 then coalesce(play_count, event_count) end) as plays,
    sum(case when back between 31 and 60 then coalesce(play_count, event_count) end) as plays_before,
    sum(case when back between 1 and 30 then watched_seconds end) / 3600.0 as hours,
    sum(case when back between 31 and 60 then watched_seconds end) / 3600.0 as hours_before
from days
having count(*) > 0
