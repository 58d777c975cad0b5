select * from pages.status where as_of_date is not null
