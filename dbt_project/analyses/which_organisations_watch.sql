-- Which organisations watch most, where their people are known?
select
    org_name,
    count(*) as people,
    sum(play_count) as plays,
    max(last_active_at) as last_active_at
from {{ ref('fact_audience_insights') }}
where org_name is not null
group by org_name
order by plays desc nulls last, org_name asc
