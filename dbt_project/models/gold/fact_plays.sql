{{ config(materialized='table', ha=true) }}

with events as (
    select
        event_key,
        visitor_key,
        media_id,
        country,
        embed_url,
        conversion_type,
        percent_viewed,
        received_at,
        ingested_at
    from {{ ref('fact_events') }}
),

lengths as (
    select
        media_id,
        version_number,
        duration_seconds,
        valid_from,
        valid_to,
        is_current
    from {{ ref('dim_media_history') }}
)

-- By the length the video had then: a changed length changes no play of before.
select
    events.event_key,
    events.visitor_key,
    events.media_id,
    events.percent_viewed,
    round(events.percent_viewed * lengths.duration_seconds * 1000) / 1000.0
        as watched_seconds,
    events.country,
    events.embed_url,
    events.conversion_type,
    {{ stored_timestamp('events.received_at') }} as received_at,
    {{ stored_timestamp('events.ingested_at') }} as ingested_at
from events
left join lengths
    on
        events.media_id = lengths.media_id
        and (lengths.version_number = 1 or events.received_at >= lengths.valid_from)
        and (lengths.is_current or events.received_at < lengths.valid_to)
