-- What the page says first, whatever is chosen below it.
select step, step_order, sum(times) as times, sum(times_before) as times_before
from pages.funnel
where step is not null and span_days = 30
group by step, step_order
order by step_order
