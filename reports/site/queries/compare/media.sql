select media_id, name, colour_number, duration_seconds, play_count, play_rate, engagement, half_left_seconds
from pages.media
where media_id in ('${inputs.v1}', '${inputs.v2}', '${inputs.v3}', '${inputs.v4}')
