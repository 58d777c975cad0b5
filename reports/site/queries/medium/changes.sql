select what, changed_on, seconds_before, seconds_after
from pages.media_changes
where media_id = '${params.media.replaceAll("'", "''")}'
order by changed_on, what
