select platform as name, sum(viewers) as viewers
from pages.audience
where
    platform is not null
    and ('${inputs.device}' = 'All' or device = '${inputs.device}')
    and ('${inputs.recency}' = 'All' or recency_group = '${inputs.recency}')
    and ('${inputs.frequency}' = 'All' or frequency_band = '${inputs.frequency}')
group by platform
order by viewers desc, name
