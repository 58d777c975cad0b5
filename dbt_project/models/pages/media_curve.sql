with measured as (
    select
        cells.media_id,
        cells.engagement_idx,
        -- One cell a second; a video longer than 1,000 s has 1,000 longer ones.
        case
            when media.duration_seconds > 1000
                then cells.engagement_idx * media.duration_seconds / 1000.0
            else cells.engagement_idx
        end as at_seconds,
        cells.engagement_count as views,
        cells.rewatch_count as rewatches,
        cells.engagement_count - coalesce(cells.rewatch_count, 0) as viewers
    from {{ ref('fact_media_engagement') }} as cells
    left join {{ ref('dim_media') }} as media
        on cells.media_id = media.media_id
    where cells.engagement_idx >= 0
),

started as (
    select
        *,
        first_value(viewers) over (
            partition by media_id order by engagement_idx
        ) as viewers_at_start,
        count(*) over (partition by media_id) as points
    from measured
)

select
    media_id,
    engagement_idx,
    cast(at_seconds as double) as at_seconds,
    cast(floor(cast(engagement_idx as double) * 100 / points) as integer)
        as percent_of_video,
    views,
    rewatches,
    viewers,
    cast(viewers as double) / nullif(viewers_at_start, 0) as viewers_share
from started
