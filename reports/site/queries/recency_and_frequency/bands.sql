select frequency_band as name, min(frequency_order) as place, sum(viewers) as viewers
from pages.recency_frequency
where device is not null
group by frequency_band
order by place
