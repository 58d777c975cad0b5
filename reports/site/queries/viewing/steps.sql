select step, step_order, sum(times) as times, sum(times_before) as times_before
from pages.funnel
where
    step is not null
    and span_days = try_cast('${inputs.span}' as integer)
    and ('${inputs.medium}' = 'All' or media_id = '${inputs.medium}')
group by step, step_order
order by step_order
