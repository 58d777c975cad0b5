select name, hours_watched, play_rate_class from pages.media where media_id is not null
