select
    recency_order as row_order, recency_band as row_label, frequency_order as column_order,
    frequency_band as column_label, sum(viewers) as value
from pages.recency_frequency
where device is not null and ('${inputs.device}' = 'All' or device = '${inputs.device}')
group by recency_order, recency_band, frequency_order, frequency_band
order by recency_order, frequency_order
