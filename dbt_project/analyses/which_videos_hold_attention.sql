-- Which videos do people watch to the end once they have started?
with media as (
    select
        media_id,
        play_count,
        play_rate,
        engagement,
        hours_watched
    from {{ ref('fact_media_performance') }}
),

names as (
    select
        media_id,
        name,
        duration_seconds
    from {{ ref('dim_media') }}
)

select
    media.media_id,
    names.name,
    media.play_count,
    media.play_rate,
    media.engagement,
    60.0 * media.hours_watched / nullif(media.play_count, 0) as minutes_per_play,
    names.duration_seconds / 60.0 as length_minutes
from media
left join names on media.media_id = names.media_id
order by media.engagement desc nulls last, media.media_id asc
