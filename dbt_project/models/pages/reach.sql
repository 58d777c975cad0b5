{{ config(materialized='table', ha=true) }}

with labels as (
    select
        dimension as kind,
        media_id,
        label,
        event_count,
        watched_seconds,
        last_30_days_count,
        before_30_days_count
    from {{ ref('media_reach') }}
    where dimension in ('country', 'embed_page', 'conversion', 'watch_depth')
),

-- Beside each medium all of them: their most frequent are not those of any one.
counted as (
    select
        kind,
        media_id,
        label,
        event_count,
        watched_seconds,
        last_30_days_count,
        before_30_days_count
    from labels
    union all
    select
        kind,
        'All' as media_id,
        label,
        cast(sum(event_count) as bigint) as event_count,
        {{ whole_sum('watched_seconds', 1000) }} / 1000 as watched_seconds,
        cast(sum(last_30_days_count) as bigint) as last_30_days_count,
        cast(sum(before_30_days_count) as bigint) as before_30_days_count
    from labels
    group by kind, label
),

ranked as (
    select
        *,
        row_number() over (
            partition by kind, media_id order by event_count desc, label asc
        ) as place
    from counted
)

select
    kind,
    media_id,
    cast(place as integer) as place,
    label,
    event_count,
    watched_seconds,
    last_30_days_count,
    before_30_days_count
from ranked
where place <= 25
