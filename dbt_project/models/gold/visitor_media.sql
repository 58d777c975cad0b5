{{ config(materialized='table', ha=true) }}

with plays as (
    select
        visitor_key,
        media_id,
        activity_date,
        percent_viewed,
        watched_seconds,
        received_at,
        ingested_at
    from {{ ref('fact_plays') }}
),

totals as (
    select
        visitor_key,
        media_id,
        count(*) as event_count,
        count(distinct activity_date) as day_count,
        max(percent_viewed) as most_viewed,
        {{ whole_sum('percent_viewed', 1000000) }} as millionths,
        count(percent_viewed) as told_count,
        count(case when percent_viewed >= 1 then 1 end) as end_count,
        {{ whole_sum('watched_seconds', 1000) }} as watched_ms,
        min(received_at) as first_seen_at,
        max(received_at) as last_seen_at,
        max(ingested_at) as ingested_at
    from plays
    group by visitor_key, media_id
),

counted as (
    select
        visitor_key,
        media_id,
        event_count,
        day_count,
        most_viewed,
        millionths / nullif(told_count, 0) / 1000000 as mean_viewed,
        end_count,
        watched_ms / 1000 as watched_seconds,
        first_seen_at,
        last_seen_at,
        ingested_at
    from totals
)

select
    visitor_key,
    media_id,
    event_count,
    day_count,
    most_viewed,
    mean_viewed,
    end_count,
    watched_seconds,
    {{ stored_timestamp('first_seen_at') }} as first_seen_at,
    {{ stored_timestamp('last_seen_at') }} as last_seen_at,
    {{ stored_timestamp('ingested_at') }} as ingested_at
from counted
