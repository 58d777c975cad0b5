select name, hours_watched, play_rate_class, play_rate, visitors, engagement, duration_seconds from pages.media where media_id is not null
