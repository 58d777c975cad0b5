select
    now.span, now.media_id, now.play_count, now.load_count, now.event_count, now.known_count, now.end_count,
    now.conversion_count, now.viewer_count, before.play_count as before_count, year.play_count as year_count
from pages.totals as now
left join pages.totals as before
    on now.span = before.span and now.media_id = before.media_id and before.period = 'before'
left join pages.totals as year
    on now.span = year.span and now.media_id = year.media_id and year.period = 'year'
where now.period = 'now' and now.media_id <> 'All'
