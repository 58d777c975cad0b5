select
    media_id, name, is_listed, colour_number, folder, duration_seconds, load_count, play_count,
    visitors, play_rate, play_rate_class, hours_watched, hours_class, engagement,
    half_left_seconds
from pages.media
where
    media_id is not null
    and ('${inputs.folder}' = 'All' or folder = '${inputs.folder}')
    and ('${inputs.play_rate_class}' = 'All' or play_rate_class = '${inputs.play_rate_class}')
    and ('${inputs.hours_class}' = 'All' or hours_class = '${inputs.hours_class}')
order by play_count desc, media_id
