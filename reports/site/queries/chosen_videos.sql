-- Videos in days of the reader's own choice, summed from their days; no row for the named spans,
-- whose figures are worked out before.
with days as (
    select
        media_id, load_count, event_count, known_count, end_count,
        coalesce(play_count, event_count) as played,
        starts_on >= '${inputs.first_day}' and starts_on <= '${inputs.last_day}' as is_now,
        starts_on >= '${inputs.before_first}' and starts_on <= '${inputs.before_last}' as is_before
    from pages.trends
    where '${inputs.first_day}' <> '' and period = 'day'
),

sums as (
    select
        media_id,
        sum(case when is_now then played end) as plays,
        sum(case when is_now then load_count end) as loads,
        sum(case when is_now then event_count end) as events,
        sum(case when is_now then known_count end) as known,
        sum(case when is_now then end_count end) as ends,
        sum(case when is_before then played end) as before_count
    from days
    group by media_id
)

select
    sums.media_id, media.name, media.colour_number, sums.plays as play_count, sums.loads as load_count,
    sums.events as event_count, sums.known as known_count, sums.ends as end_count, sums.before_count
from sums
inner join pages.media as media on sums.media_id = media.media_id
where sums.plays is not null
order by sums.plays desc, sums.media_id
