{{ config(materialized='table', ha=true) }}

with visitors as (
    select
        visitor_key,
        created_at,
        last_active_at,
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
        ingested_at
    from {{ ref('fact_visitors') }}
),

measured as (
    select
        *,
        {{ days_between('last_active_at', as_of_date()) }} as recency_days,
        coalesce(load_count, 0) + coalesce(play_count, 0) as frequency
    from visitors
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
    end as rf_group
from measured
