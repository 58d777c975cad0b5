-- How many people were seen active on more than one day?
with active_days as (
    select
        visitor_key,
        count(distinct cast(last_active_at as date)) as days
    from {{ ref('fact_visitor_activity') }}
    group by visitor_key
),

named as (
    select
        case
            when days >= 3 then '3 days or more'
            when days = 2 then '2 days'
            else '1 day'
        end as active_on
    from active_days
)

select
    active_on,
    count(*) as visitors,
    1e0 * count(*) / sum(count(*)) over () as share_of_visitors
from named
group by active_on
order by active_on
