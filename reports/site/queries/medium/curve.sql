select at_seconds, percent_of_video, viewers_share, viewers, rewatches
from pages.media_curve
where media_id = '${params.media.replaceAll("'", "''")}'
order by at_seconds
