with curves as (
    select
        media_id,
        count(engagement_idx) as engagement_points,
        count(engagement_count) as counted_points,
        cast(sum(engagement_count) as bigint) as total_engagement_count,
        cast(sum(rewatch_count) as bigint) as total_rewatch_count
    from {{ ref('fact_media_engagement') }}
    where engagement_idx >= 0
    group by media_id
)

select
    media.media_id,
    media.load_count,
    media.play_count,
    media.play_rate,
    media.hours_watched,
    media.engagement,
    media.visitors,
    {{ stored_timestamp('media.snapshot_ts') }} as snapshot_ts,
    coalesce(curves.engagement_points, 0) as engagement_points,
    coalesce(curves.total_engagement_count, 0) as total_engagement_count,
    coalesce(curves.total_rewatch_count, 0) as total_rewatch_count,
    cast(curves.total_engagement_count as double)
    / cast(nullif(curves.counted_points, 0) as double) as avg_engagement_per_second,
    case
        when media.play_rate >= {{ var('play_rate_high') }} then 'High'
        when media.play_rate >= {{ var('play_rate_medium') }} then 'Medium'
        else 'Low'
    end as play_rate_class,
    case
        when media.hours_watched >= {{ var('hours_high') }} then 'High'
        when media.hours_watched >= {{ var('hours_medium') }} then 'Medium'
        else 'Low'
    end as hours_class
from {{ ref('fact_media') }} as media
left join curves on media.media_id = curves.media_id
