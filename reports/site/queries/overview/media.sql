-- The ten most played videos of each span, with what they are held against.
with now as (
    select *, row_number() over (partition by span order by play_count desc, media_id) as place
    from pages.totals
    where period = 'now' and media_id <> 'All'
)

select
    now.span, now.media_id, media.name, media.colour_number, now.play_count, now.load_count,
    now.event_count, now.known_count, now.end_count, now.conversion_count, before.play_count as before_count,
    year.play_count as year_count, media.half_left_seconds
from now
inner join pages.media as media on now.media_id = media.media_id
left join pages.totals as before
    on now.span = before.span and now.media_id = before.media_id and before.period = 'before'
left join pages.totals as year
    on now.span = year.span and now.media_id = year.media_id and year.period = 'year'
where now.place <= 10
order by now.span, now.place
