select span, label, event_count, conversion_count, conversion_chance
from pages.labels
where dimension = 'embed_page' and media_id = 'All' and label <> 'unknown' and event_count >= 30
order by span, label
