select * from pages.days where media_id = '${params.media.replaceAll("'", "''")}'
