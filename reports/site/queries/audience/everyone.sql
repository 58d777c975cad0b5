select device as name, sum(visitors) as visitors
from pages.audience
where platform is not null
group by device
order by visitors desc
