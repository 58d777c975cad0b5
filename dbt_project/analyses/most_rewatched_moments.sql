-- Which five moments of each video do people watch again?
with cells as (
    select
        media_id,
        engagement_idx,
        engagement_count,
        rewatch_count
    from {{ ref('fact_media_engagement') }}
    where engagement_idx >= 0
),

ranked as (
    select
        *,
        row_number() over (
            partition by media_id
            order by rewatch_count desc nulls last, engagement_idx asc
        ) as most_rewatched_first
    from cells
)

select
    media_id,
    engagement_idx,
    rewatch_count,
    1e0 * rewatch_count / nullif(engagement_count, 0) as rewatch_share
from ranked
where most_rewatched_first <= 5 and rewatch_count > 0
order by media_id, most_rewatched_first
