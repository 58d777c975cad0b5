select day, 'New' as who, new_visitors as visitors
from pages.visitor_days
where
    day >= (select cast(cast(max(day) as date) - 60 as varchar) from pages.visitor_days)
    and day < (select max(day) from pages.visitor_days)
union all
select day, 'Returning' as who, returning_visitors as visitors
from pages.visitor_days
where
    day >= (select cast(cast(max(day) as date) - 60 as varchar) from pages.visitor_days)
    and day < (select max(day) from pages.visitor_days)
order by who, day
