select * from pages.usual where media_id = '${params.media.replaceAll("'", "''")}'
