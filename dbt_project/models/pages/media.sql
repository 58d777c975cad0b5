with played as (
    -- A video that is deleted, or not read, has plays all the same.
    select media_id from {{ ref('fact_media_performance') }}
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
left join {{ ref('fact_media_performance') }} as performance
    on played.media_id = performance.media_id
left join {{ ref('dim_media') }} as described
    on played.media_id = described.media_id
left join departures
    on played.media_id = departures.media_id
