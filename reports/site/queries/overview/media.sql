select media_id, name, colour_number, play_count, plays_day_change, play_rate, hours_watched
from pages.media
where media_id is not null
order by play_count desc, media_id
