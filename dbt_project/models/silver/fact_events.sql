{{
    config(
        materialized='incremental',
        incremental_strategy='merge',
        unique_key='event_key',
        table_type='iceberg',
    )
}}

with events as (
    select
        event_key,
        received_at,
        visitor_key,
        media_id,
        percent_viewed,
        embed_url,
        ip,
        org,
        country,
        region,
        city,
        lat,
        lon,
        email,
        conversion_type,
        conversion_data,
        user_agent_details,
        ingested_at
    from {{ source('bronze', 'events') }}
    {% if is_incremental() %}
        where ingest_date >= {{ first_partition('ingested_at') }}
    {% endif %}
),

typed as (
    select
        {{ blank_to_null('event_key') }} as event_key,
        {{ to_timestamp('received_at') }} as received_at,
        {{ blank_to_null('visitor_key') }} as visitor_key,
        {{ blank_to_null('media_id') }} as media_id,
        {{ to_double('percent_viewed') }} as percent_viewed,
        {{ blank_to_null('embed_url') }} as embed_url,
        {{ blank_to_null('ip') }} as ip,
        {{ blank_to_null('org') }} as org,
        {{ blank_to_null('country') }} as country,
        {{ blank_to_null('region') }} as region,
        {{ blank_to_null('city') }} as city,
        {{ to_double('lat') }} as lat,
        {{ to_double('lon') }} as lon,
        {{ blank_to_null('email') }} as email,
        {{ blank_to_null('conversion_type') }} as conversion_type,
        {{ blank_to_null('conversion_data') }} as conversion_data,
        {{ blank_to_null('user_agent_details.browser') }} as browser,
        {{ blank_to_null('user_agent_details.platform') }} as platform,
        {{ to_boolean('user_agent_details.mobile') }} as mobile,
        {{ to_timestamp('ingested_at') }} as ingested_at,
        {{ row_digest([
            'visitor_key', 'media_id', 'percent_viewed', 'embed_url', 'ip', 'org', 'country',
            'region', 'city', 'lat', 'lon', 'email', 'conversion_type', 'conversion_data',
        ]) }} as content_digest
    from events
),

ranked as (
    select
        *,
        row_number() over (
            partition by event_key
            order by
                received_at desc nulls last,
                ingested_at desc nulls last,
                content_digest desc
        ) as newest_first
    from typed
    where event_key is not null
),

newest as (
    select * from ranked
    where newest_first = 1
)

select
    newest.event_key,
    {{ stored_timestamp('newest.received_at') }} as received_at,
    newest.visitor_key,
    newest.media_id,
    newest.percent_viewed,
    newest.embed_url,
    newest.ip,
    newest.org,
    newest.country,
    newest.region,
    newest.city,
    newest.lat,
    newest.lon,
    newest.email,
    newest.conversion_type,
    newest.conversion_data,
    newest.browser,
    newest.platform,
    newest.mobile,
    {{ stored_timestamp('newest.ingested_at') }} as ingested_at
from newest
{% if is_incremental() %}
    left join {{ this }} as stored on newest.event_key = stored.event_key
    where
        stored.event_key is null
        or newest.received_at > stored.received_at
        or (
            newest.received_at = stored.received_at
            and newest.ingested_at > stored.ingested_at
        )
{% endif %}
