-- What did each video gain between its last two changed snapshots?
with snapshots as (
    select
        media_id,
        snapshot_ts,
        play_count,
        hours_watched,
        visitors
    from {{ ref('fact_media_history') }}
),

changes as (
    select
        *,
        lag(snapshot_ts) over by_time as earlier_ts,
        play_count - lag(play_count) over by_time as new_plays,
        hours_watched - lag(hours_watched) over by_time as new_hours,
        visitors - lag(visitors) over by_time as new_visitors,
        lead(snapshot_ts) over by_time as later_ts
    from snapshots
    window by_time as (partition by media_id order by snapshot_ts)
)

select
    media_id,
    earlier_ts,
    snapshot_ts,
    new_plays,
    new_hours,
    new_visitors
from changes
where later_ts is null
order by media_id
