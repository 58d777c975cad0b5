-- How many frequent visitors were not seen for a month, and how much did they watch?
select
    rf_group,
    count(*) as visitors,
    sum(play_count) as plays,
    sum(watched_seconds) / 3600.0 as hours_watched,
    min(last_active_at) as longest_silent_since
from {{ ref('fact_audience_insights') }}
where visitor_segment = 'Frequent' and recency_days > 30
group by rf_group
order by visitors desc, rf_group asc
