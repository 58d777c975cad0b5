select * from pages.totals where media_id = '${params.media.replaceAll("'", "''")}'
