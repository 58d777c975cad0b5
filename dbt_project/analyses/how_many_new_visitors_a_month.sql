-- How many people did Wistia first see each month, and how many of them played?
select
    cast(date_trunc('month', created_at) as date) as first_month,
    count(*) as visitors,
    count(case when play_count > 0 then 1 end) as players
from {{ ref('fact_audience_insights') }}
where created_at is not null
group by 1
order by 1
