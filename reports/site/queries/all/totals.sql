select * from pages.totals where media_id = 'All'
