with watched as (
    select
        visitor_key,
        count(*) as watched_media_count,
        {{ whole_sum('watched_seconds', 1000) }} / 1000 as watched_seconds
    from {{ ref('visitor_media') }}
    group by visitor_key
),

measured as (
    select
        visitors.*,
        watched.watched_seconds,
        coalesce(watched.watched_media_count, 0) as watched_media_count,
        {{ days_between('visitors.last_active_at', as_of_date()) }} as recency_days,
        coalesce(visitors.load_count, 0) + coalesce(visitors.play_count, 0) as frequency
    from {{ ref('fact_visitors') }} as visitors
    left join watched on visitors.visitor_key = watched.visitor_key
)

select
    visitor_key,
    {{ stored_timestamp('created_at') }} as created_at,
    {{ stored_timestamp('last_active_at') }} as last_active_at,
    last_event_key,
    load_count,
    play_count,
    identifying_event_key,
    name,
    email,
    org_name,
    org_title,
    browser,
    browser_version,
    platform,
    mobile,
    {{ stored_timestamp('ingested_at') }} as ingested_at,
    recency_days,
    frequency,
    case
        when frequency >= {{ var('segment_frequent') }} then 'Frequent'
        when frequency >= {{ var('segment_occasional') }} then 'Occasional'
        else 'Rare'
    end as visitor_segment,
    case
        when recency_days <= {{ var('active_days') }} then 'Active'
        when frequency >= {{ var('infrequent_frequency') }} then 'Infrequent'
        else 'Dormant'
    end as rf_group,
    watched_seconds,
    watched_media_count
from measured
