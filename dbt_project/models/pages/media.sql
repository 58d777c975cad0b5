{{ config(materialized='table', ha=true) }}

with performance as (
    select
        media_id,
        load_count,
        play_count,
        play_rate,
        hours_watched,
        engagement,
        visitors,
        snapshot_ts,
        engagement_points,
        total_engagement_count,
        total_rewatch_count,
        avg_engagement_per_second,
        play_rate_class,
        hours_class
    from {{ ref('fact_media_performance') }}
),

described as (
    select
        media_id,
        name,
        duration_seconds,
        created_at,
        folder
    from {{ ref('dim_media') }}
),

-- A video that is deleted, or not read, has plays all the same.
played as (
    select media_id from performance
    union
    select media_id from {{ ref('media_daily') }}
),

departures as (
    select
        media_id,
        max(case when moment = 'left_50' then at_seconds end) as half_left_seconds
    from {{ ref('media_moments') }}
    group by media_id
)

select
    played.media_id,
    coalesce(described.name, played.media_id) as name,
    described.media_id is not null as is_listed,
    described.folder,
    described.duration_seconds,
    {{ stored_timestamp('described.created_at') }} as created_at,
    cast(row_number() over (
        order by described.created_at asc nulls last, played.media_id asc
    ) as integer) as colour_number,
    performance.load_count,
    performance.play_count,
    performance.play_rate,
    performance.hours_watched,
    performance.engagement,
    performance.visitors,
    performance.engagement_points,
    performance.total_engagement_count,
    performance.total_rewatch_count,
    performance.avg_engagement_per_second,
    departures.half_left_seconds,
    performance.play_rate_class,
    performance.hours_class,
    {{ stored_timestamp('performance.snapshot_ts') }} as snapshot_ts
from played
left join performance
    on played.media_id = performance.media_id
left join described
    on played.media_id = described.media_id
left join departures
    on played.media_id = departures.media_id
