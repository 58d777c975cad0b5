select span, dimension, label, event_count, known_count, end_count, conversion_count, before_count, year_count
from pages.labels
where media_id = 'All' and dimension <> 'hour_of_week'
order by span, dimension, place
