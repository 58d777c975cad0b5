with plays as (
    select * from {{ ref('fact_plays') }}
)

select
    visitor_key,
    media_id,
    count(*) as event_count,
    count(distinct activity_date) as day_count,
    max(percent_viewed) as most_viewed,
    {{ whole_sum('percent_viewed', 1000000) }}
    / nullif(count(percent_viewed), 0) / 1000000 as mean_viewed,
    count(case when percent_viewed >= 1 then 1 end) as end_count,
    {{ whole_sum('watched_seconds', 1000) }} / 1000 as watched_seconds,
    {{ stored_timestamp('min(received_at)') }} as first_seen_at,
    {{ stored_timestamp('max(received_at)') }} as last_seen_at,
    {{ stored_timestamp('max(ingested_at)') }} as ingested_at
from plays
group by visitor_key, media_id
