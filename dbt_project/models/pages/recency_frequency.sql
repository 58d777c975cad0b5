with banded as (
    -- Lapsed is most of an old account: there it is told how long ago.
    select
        case
            when recency_group = 'Active' then 1
            when recency_group = 'Recent' then 2
            when recency_group = 'Lapsing' then 3
            when recency_days < 180 then 4
            when recency_days < 365 then 5
            else 6
        end as recency_order,
        case frequency_band
            when '1 day' then 1
            when '2 days' then 2
            when '3-4 days' then 3
            when '5-9 days' then 4
            else 5
        end as frequency_order,
        frequency_band,
        recency_group,
        device
    from {{ ref('viewers') }}
)

select
    recency_order,
    recency_group,
    case recency_order
        when 1 then 'Active, last 7 days'
        when 2 then 'Recent, 8-30 days'
        when 3 then 'Lapsing, 31-90 days'
        when 4 then 'Lapsed, 91-180 days'
        when 5 then 'Lapsed, 181-365 days'
        else 'Lapsed, over a year'
    end as recency_band,
    frequency_order,
    frequency_band,
    device,
    count(*) as viewers
from banded
group by recency_order, recency_group, frequency_order, frequency_band, device
