{{ config(materialized='table', ha=true) }}

with snapshots as (
    select
        media_id,
        load_count,
        play_count,
        play_rate,
        hours_watched,
        engagement,
        visitors,
        snapshot_ts,
        row_number() over (
            partition by media_id
            order by snapshot_ts desc
        ) as newest_first
    from {{ ref('fact_media_history') }}
)

select
    media_id,
    load_count,
    play_count,
    play_rate,
    hours_watched,
    engagement,
    visitors,
    {{ stored_timestamp('snapshot_ts') }} as snapshot_ts
from snapshots
where newest_first = 1
