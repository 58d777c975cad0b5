{{ config(materialized='table', ha=true) }}

with cells as (
    select
        media_id,
        engagement_idx,
        at_seconds,
        views,
        rewatches,
        viewers,
        viewers_share
    from {{ ref('media_curve') }}
),

shares as (
    select
        *,
        case
            when viewers_share <= 0.25 then 3
            when viewers_share <= 0.5 then 2
            when viewers_share <= 0.75 then 1
            else 0
        end as quarters_left
    from cells
),

quarters (quarter_number, moment) as (
    values (1, 'left_25'), (2, 'left_50'), (3, 'left_75')
),

departures as (
    select
        shares.media_id,
        quarters.moment,
        shares.engagement_idx,
        shares.at_seconds,
        shares.viewers as people,
        shares.viewers_share as share,
        row_number() over (
            partition by shares.media_id, quarters.moment
            order by shares.engagement_idx
        ) as place
    from shares
    inner join quarters
        on shares.quarters_left >= quarters.quarter_number
),

-- A peak stands above the five cells before it and is not below the five after it. The
-- start is none: whoever watches again passes it. Nor is the last cell, which is a part
-- of a second and counts whoever jumps to the end.
peaks as (
    select
        *,
        max(rewatches) over (
            partition by media_id order by engagement_idx
            rows between 5 preceding and 1 preceding
        ) as most_before,
        max(rewatches) over (
            partition by media_id order by engagement_idx
            rows between 1 following and 5 following
        ) as most_after
    from cells
),

rewatched as (
    select
        media_id,
        engagement_idx,
        at_seconds,
        rewatches as people,
        cast(rewatches as double) / nullif(views, 0) as share,
        row_number() over (
            partition by media_id
            order by rewatches desc, engagement_idx asc
        ) as place
    from peaks
    where
        rewatches > most_before
        and rewatches >= most_after
),

moments as (
    select
        media_id,
        moment,
        engagement_idx,
        at_seconds,
        people,
        share
    from departures
    where place = 1
    union all
    select
        media_id,
        'rewatch_' || cast(place as varchar) as moment,
        engagement_idx,
        at_seconds,
        people,
        share
    from rewatched
    where place <= 3
)

select
    media_id,
    moment,
    engagement_idx,
    at_seconds,
    people,
    share
from moments
