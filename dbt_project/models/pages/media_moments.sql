with borders (moment, border) as (
    values ('left_25', 0.75), ('left_50', 0.5), ('left_75', 0.25)
),

fallen as (
    select
        cells.*,
        borders.moment
    from {{ ref('media_curve') }} as cells
    inner join borders
        on cells.viewers_share <= borders.border
),

departures as (
    {{ first_of_each('fallen', ['media_id', 'moment'], ['engagement_idx']) }}
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
    from {{ ref('media_curve') }}
),

rewatched as (
    select
        *,
        row_number() over (
            partition by media_id order by rewatches desc, engagement_idx asc
        ) as place
    from peaks
    where rewatches > most_before and rewatches >= most_after
),

moments as (
    select
        media_id,
        moment,
        engagement_idx,
        at_seconds,
        viewers as people,
        viewers_share as share
    from departures
    union all
    select
        media_id,
        'rewatch_' || cast(place as varchar) as moment,
        engagement_idx,
        at_seconds,
        rewatches as people,
        cast(rewatches as double) / nullif(views, 0) as share
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
