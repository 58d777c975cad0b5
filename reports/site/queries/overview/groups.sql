select rf_group as name, sum(visitors) as visitors
from pages.audience
where platform is not null
group by rf_group
order by visitors desc
