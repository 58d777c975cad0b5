select at_seconds, viewers, rewatches
from pages.media_curve
where media_id = '${params.media.replaceAll("'", "''")}'
order by at_seconds
