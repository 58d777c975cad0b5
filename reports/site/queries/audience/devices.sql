select device as name, sum(visitors) as visitors
from pages.audience
where
    platform is not null
    and ('${inputs.device}' = 'All' or device = '${inputs.device}')
    and ('${inputs.segment}' = 'All' or visitor_segment = '${inputs.segment}')
    and ('${inputs.rf_group}' = 'All' or rf_group = '${inputs.rf_group}')
group by device
order by visitors desc, name
