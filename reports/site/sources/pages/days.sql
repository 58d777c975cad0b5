-- A row per video, and one of all (All): the figures of its days as one text each, a value a
-- day from first_day to the newest day that has arrived; one without a figure is empty. Packed
-- so, because a page gets the years of a video as one answer.
with days as (
    select
        coalesce(trends.media_id, 'All') as media_id,
        cast(trends.starts_on as date) as day,
        cast(sum(coalesce(trends.play_count, trends.event_count)) as bigint) as play_count,
        cast(sum(trends.load_count) as bigint) as load_count,
        cast(sum(trends.event_count) as bigint) as event_count,
        cast(sum(trends.known_count) as bigint) as known_count,
        cast(sum(trends.end_count) as bigint) as end_count,
        cast(sum(trends.watched_seconds) as bigint) as watched_seconds
    from read_parquet('data/trends.parquet') as trends
    cross join read_parquet('data/status.parquet') as status
    where trends.period = 'day' and trends.starts_on <= status.newest_day
    group by grouping sets ((trends.media_id, trends.starts_on), (trends.starts_on))
),

bounds as (
    select days.media_id, min(days.day) as first_day, any_value(cast(status.newest_day as date)) as newest_day
    from days
    cross join read_parquet('data/status.parquet') as status
    group by days.media_id
),

spine as (
    select media_id, cast(unnest(generate_series(cast(first_day as timestamp), cast(newest_day as timestamp), interval 1 day)) as date) as day
    from bounds
),

packed as (
    select
        spine.media_id,
        strftime(min(spine.day), '%Y-%m-%d') as first_day,
        string_agg(coalesce(cast(days.play_count as varchar), ''), ',' order by spine.day) as play_count,
        string_agg(coalesce(cast(days.load_count as varchar), ''), ',' order by spine.day) as load_count,
        string_agg(coalesce(cast(days.event_count as varchar), ''), ',' order by spine.day) as event_count,
        string_agg(coalesce(cast(days.known_count as varchar), ''), ',' order by spine.day) as known_count,
        string_agg(coalesce(cast(days.end_count as varchar), ''), ',' order by spine.day) as end_count,
        string_agg(coalesce(cast(days.watched_seconds as varchar), ''), ',' order by spine.day) as watched_seconds
    from spine
    left join days on spine.media_id = days.media_id and spine.day = days.day
    group by spine.media_id
)

-- A row of nothing where there is no day, as every table of the pages has.
select packed.*
from (select 1) as one
left join packed on true
order by packed.media_id
