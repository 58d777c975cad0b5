-- The days of all videos, packed: one text a figure, a value a day from first_day on. A day that
-- has not arrived is not in it, one without a figure is empty.
with days as (
    select
        trends.starts_on as day,
        cast(sum(coalesce(trends.play_count, trends.event_count)) as bigint) as play_count,
        cast(sum(trends.load_count) as bigint) as load_count,
        cast(sum(trends.event_count) as bigint) as event_count,
        cast(sum(trends.end_count) as bigint) as end_count,
        cast(sum(trends.watched_seconds) as bigint) as watched_seconds
    from pages.trends as trends
    cross join pages.status as status
    where trends.period = 'day' and trends.starts_on <= status.newest_day
    group by trends.starts_on
),

bounds as (
    select min(days.day) as first_day, any_value(status.newest_day) as newest_day
    from days
    cross join pages.status as status
),

spine as (
    select strftime(unnest(generate_series(cast(first_day as timestamp), cast(newest_day as timestamp), interval 1 day)), '%Y-%m-%d') as day
    from bounds
    where first_day is not null
)

select
    min(spine.day) as first_day,
    string_agg(coalesce(cast(days.play_count as varchar), ''), ',' order by spine.day) as play_count,
    string_agg(coalesce(cast(days.load_count as varchar), ''), ',' order by spine.day) as load_count,
    string_agg(coalesce(cast(days.event_count as varchar), ''), ',' order by spine.day) as event_count,
    string_agg(coalesce(cast(days.end_count as varchar), ''), ',' order by spine.day) as end_count,
    string_agg(coalesce(cast(days.watched_seconds as varchar), ''), ',' order by spine.day) as watched_seconds
from spine
left join days on spine.day = days.day
having count(*) > 0
