select * from pages.media where media_id = '${params.media.replaceAll("'", "''")}'
