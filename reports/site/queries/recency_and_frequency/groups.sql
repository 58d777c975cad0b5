select recency_group as name, min(recency_order) as place, sum(viewers) as viewers
from pages.recency_frequency
where device is not null
group by recency_group
order by place
