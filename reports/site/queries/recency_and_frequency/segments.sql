select visitor_segment as name, sum(visitors) as visitors
from pages.audience
where platform is not null
group by visitor_segment
order by visitors desc, name
