{{ config(materialized='table', ha=true) }}

with plays as (
    select
        media_id,
        visitor_key,
        percent_viewed,
        watched_seconds,
        ingested_at,
        {{ local_date('received_at') }} as activity_date
    from {{ ref('fact_plays') }}
),

measured as (
    select
        media_id,
        activity_date,
        count(*) as event_count,
        count(distinct visitor_key) as visitor_count,
        count(case when percent_viewed >= 0.25 then 1 end) as quarter_count,
        count(case when percent_viewed >= 0.5 then 1 end) as half_count,
        count(case when percent_viewed >= 0.75 then 1 end) as three_quarter_count,
        count(case when percent_viewed >= 1 then 1 end) as end_count,
        {{ whole_sum('watched_seconds', 1000) }} as watched_ms,
        max(ingested_at) as ingested_at
    from plays
    group by media_id, activity_date
),

reported as (
    select
        media_id,
        activity_date,
        load_count,
        play_count,
        reported_hours_watched,
        snapshot_ts
    from {{ ref('fact_media_daily') }}
),

compared as (
    select
        coalesce(measured.media_id, reported.media_id) as media_id,
        coalesce(measured.activity_date, reported.activity_date) as activity_date,
        reported.load_count as reported_load_count,
        reported.play_count as reported_play_count,
        reported.reported_hours_watched,
        coalesce(measured.event_count, 0) as event_count,
        coalesce(measured.visitor_count, 0) as visitor_count,
        coalesce(measured.quarter_count, 0) as quarter_count,
        coalesce(measured.half_count, 0) as half_count,
        coalesce(measured.three_quarter_count, 0) as three_quarter_count,
        coalesce(measured.end_count, 0) as end_count,
        case when measured.event_count is null then 0.0 else measured.watched_ms end
        / 3600000.0 as hours_watched,
        coalesce(measured.event_count, 0) - reported.play_count as play_difference,
        reported.snapshot_ts,
        measured.ingested_at
    from measured
    full outer join reported
        on
            measured.media_id = reported.media_id
            and measured.activity_date = reported.activity_date
)

select
    media_id,
    activity_date,
    reported_load_count,
    reported_play_count,
    reported_hours_watched,
    event_count,
    visitor_count,
    quarter_count,
    half_count,
    three_quarter_count,
    end_count,
    hours_watched,
    play_difference,
    {{ difference_reason() }} as difference_reason,
    {{ stored_timestamp('snapshot_ts') }} as snapshot_ts,
    {{ stored_timestamp('ingested_at') }} as ingested_at
from compared
