{{ config(materialized='table', ha=true) }}

with labels as (
    select
        span,
        period,
        media_id,
        dimension,
        label,
        event_count,
        known_count,
        end_count,
        conversion_count,
        conversion_chance
    from {{ ref('span_labels') }}
    -- A week has too many hours for a table of every video.
    where dimension <> 'hour_of_week' or media_id = 'All'
),

now as (
    select
        *,
        row_number() over (
            partition by span, media_id, dimension order by event_count desc, label asc
        ) as place
    from labels
    where period = 'now'
),

earlier as (
    select
        span,
        media_id,
        dimension,
        label,
        max(case when period = 'before' then event_count end) as before_count,
        max(case when period = 'year' then event_count end) as year_count
    from labels
    where period <> 'now'
    group by span, media_id, dimension, label
)

select
    now.span,
    now.media_id,
    now.dimension,
    now.label,
    cast(now.place as integer) as place,
    now.event_count,
    now.known_count,
    now.end_count,
    now.conversion_count,
    now.conversion_chance,
    coalesce(earlier.before_count, 0) as before_count,
    coalesce(earlier.year_count, 0) as year_count
from now
left join earlier
    on
        now.span = earlier.span
        and now.media_id = earlier.media_id
        and now.dimension = earlier.dimension
        and now.label = earlier.label
where now.place <= 25 or now.dimension = 'hour_of_week'
