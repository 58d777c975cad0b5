-- At which cell of each video has a quarter, half, three quarters of the audience left?
with cells as (
    select
        media_id,
        engagement_idx,
        engagement_count
    from {{ ref('fact_media_engagement') }}
    where engagement_idx >= 0
),

audience as (
    select
        *,
        max(engagement_count) over (partition by media_id) as peak_count
    from cells
),

-- Only from the fullest cell on: before it people were still arriving.
retained as (
    select
        media_id,
        engagement_idx,
        1e0 * engagement_count / nullif(peak_count, 0) as retained_share,
        min(case when engagement_count = peak_count then engagement_idx end) over (
            partition by media_id
        ) as fullest_idx
    from audience
)

select
    media_id,
    min(case when retained_share <= 0.75 then engagement_idx end) as quarter_left_idx,
    min(case when retained_share <= 0.5 then engagement_idx end) as half_left_idx,
    min(case when retained_share <= 0.25 then engagement_idx end)
        as three_quarters_left_idx
from retained
where engagement_idx >= fullest_idx
group by media_id
order by media_id
