select * from pages.totals where media_id = '${inputs.video}'
