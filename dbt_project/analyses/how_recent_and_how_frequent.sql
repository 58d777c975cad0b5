-- How are people spread over recency and frequency?
select
    case
        when recency_days is null then 'never active'
        when recency_days <= 7 then '1 week'
        when recency_days <= 30 then '2-4 weeks'
        when recency_days <= 90 then '2-3 months'
        else 'longer ago'
    end as last_seen,
    visitor_segment,
    count(*) as visitors,
    avg(frequency) as mean_frequency
from {{ ref('fact_audience_insights') }}
group by 1, 2
order by 1, 2
