-- Which platforms and browsers do people watch with, and do they play there?
select
    coalesce(platform, 'unknown') as platform,
    coalesce(browser, 'unknown') as browser,
    count(*) as visitors,
    sum(play_count) as plays,
    1e0 * sum(play_count) / nullif(sum(load_count), 0) as plays_per_load
from {{ ref('fact_audience_insights') }}
group by 1, 2
order by 3 desc, 1 asc, 2 asc
