with told as (
    select
        *,
        -- One that was not known at first, as while a video is processed, is the first
        -- one told.
        min(case when duration_seconds is not null then version_number end) over (
            partition by media_id
            order by version_number
            rows between current row and unbounded following
        ) as told_version
    from {{ ref('dim_media_history') }}
),

lengths as (
    select
        told.media_id,
        told.version_number,
        told.valid_from,
        told.valid_to,
        told.is_current,
        versions.duration_seconds
    from told
    inner join {{ ref('dim_media_history') }} as versions
        on
            told.media_id = versions.media_id
            and told.told_version = versions.version_number
),

-- By the length the video had then: a changed length changes no play of before.
measured as (
    select
        events.*,
        {{ local_time('events.received_at') }} as local_at,
        round(events.percent_viewed * lengths.duration_seconds * 1000) / 1000.0
            as watched_seconds
    from {{ ref('fact_events') }} as events
    left join lengths
        on
            events.media_id = lengths.media_id
            and (lengths.version_number = 1 or events.received_at >= lengths.valid_from)
            and (lengths.is_current or events.received_at < lengths.valid_to)
)

select
    event_key,
    visitor_key,
    media_id,
    cast(local_at as date) as activity_date,
    cast(
        date_diff('day', date '1970-01-05', cast(local_at as date)) % 7 + 1 as integer
    ) as activity_weekday,
    cast(extract(hour from local_at) as integer) as activity_hour,
    percent_viewed,
    case
        when percent_viewed <= 0 then 0
        when percent_viewed < 1 then cast(floor(percent_viewed * 10) as integer) + 1
        when percent_viewed >= 1 then 11
    end as depth_band,
    watched_seconds,
    country,
    {{ url_page('embed_url') }} as embed_page,
    {{ url_campaign('embed_url', 'utm_source') }} as utm_source,
    {{ url_campaign('embed_url', 'utm_medium') }} as utm_medium,
    {{ url_campaign('embed_url', 'utm_campaign') }} as utm_campaign,
    {{ shown_device('mobile', 'platform') }} as device,
    conversion_type,
    {{ stored_timestamp('received_at') }} as received_at,
    {{ stored_timestamp('ingested_at') }} as ingested_at
from measured
