select * from pages.days where media_id = '${inputs.video}'
