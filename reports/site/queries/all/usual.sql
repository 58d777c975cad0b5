select * from pages.usual where media_id = 'All'
