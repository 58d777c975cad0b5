select day, plays_gained as plays
from pages.media_days
where media_id = '${params.media.replaceAll("'", "''")}' and plays_gained is not null
order by day
