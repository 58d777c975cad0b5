select
    label, event_count, last_30_days_count, last_30_days_count - before_30_days_count as change,
    watched_seconds / 3600.0 as hours
from pages.reach
where kind = 'embed_page' and media_id = '${inputs.medium}'
order by place
