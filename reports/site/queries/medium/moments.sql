select moment, at_seconds, people, share
from pages.media_moments
where media_id = '${params.media.replaceAll("'", "''")}'
order by moment
