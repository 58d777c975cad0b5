select * from pages.days where media_id = 'All'
