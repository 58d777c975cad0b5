-- Only whole days, weeks or months: half of one would look like a fall.
with bounds as (
    select min(cast(day as date)) as first_day, max(cast(day as date)) as last_day
    from pages.visitor_days
    where day is not null
),

whole as (
    select date_trunc('${inputs.period}', cast(days.day as date)) as period, days.new_visitors, days.returning_visitors
    from pages.visitor_days as days
    cross join bounds
    where
        days.day is not null
        and date_trunc('${inputs.period}', cast(days.day as date)) >= bounds.first_day
        and date_trunc('${inputs.period}', cast(days.day as date)) < date_trunc('${inputs.period}', bounds.last_day)
)

select strftime(period, '%Y-%m-%d') as day, 'New' as who, sum(new_visitors) as visitors
from whole
group by period
union all
select strftime(period, '%Y-%m-%d') as day, 'Returning' as who, sum(returning_visitors) as visitors
from whole
group by period
order by who, day
