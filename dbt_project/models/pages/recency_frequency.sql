{{ config(materialized='table', ha=true) }}

with visitors as (
    select
        recency_days,
        frequency,
        mobile,
        platform
    from {{ ref('fact_audience_insights') }}
),

banded as (
    select
        case
            when recency_days is null then 7
            when recency_days <= 7 then 1
            when recency_days <= 30 then 2
            when recency_days <= 90 then 3
            when recency_days <= 180 then 4
            when recency_days <= 365 then 5
            else 6
        end as recency_order,
        case
            when frequency <= 1 then 1
            when frequency = 2 then 2
            when frequency <= 4 then 3
            when frequency <= 9 then 4
            else 5
        end as frequency_order,
        {{ shown_device('mobile', 'platform') }} as device
    from visitors
),

counted as (
    select
        recency_order,
        frequency_order,
        device,
        count(*) as visitors
    from banded
    group by recency_order, frequency_order, device
)

select
    recency_order,
    case recency_order
        when 1 then '0-7 days'
        when 2 then '8-30 days'
        when 3 then '31-90 days'
        when 4 then '91-180 days'
        when 5 then '181-365 days'
        when 6 then 'over a year'
        else 'never active'
    end as recency_band,
    frequency_order,
    case frequency_order
        when 1 then '1 or none'
        when 2 then '2'
        when 3 then '3-4'
        when 4 then '5-9'
        else '10 or more'
    end as frequency_band,
    device,
    visitors
from counted
