{{ config(
    materialized='incremental', incremental_strategy='merge', unique_key='event_key',
    table_type='iceberg',
) }}
{%- set texts = [
    'event_key', 'visitor_key', 'media_id', 'embed_url', 'ip', 'org', 'country', 'region',
    'city', 'email', 'conversion_type',
] %}
{%- set read = ['conversion_data', 'percent_viewed', 'lat', 'lon'] %}

with typed as (
    select
        {% for name in texts %}{{ blank_to_null(name) }} as {{ name }},
        {% endfor -%}
        {{ empty_to_null('conversion_data') }} as conversion_data,
        {{ to_timestamp('received_at') }} as received_at,
        {{ to_double('percent_viewed') }} as percent_viewed,
        {{ to_double('lat') }} as lat,
        {{ to_double('lon') }} as lon,
        {{ blank_to_null('user_agent_details.browser') }} as browser,
        {{ blank_to_null('user_agent_details.platform') }} as platform,
        {{ to_boolean('user_agent_details.mobile') }} as mobile,
        {{ to_timestamp('ingested_at') }} as ingested_at,
        -- A double prints otherwise on another engine, so its text decides who ties.
        percent_viewed as percent_viewed_text,
        lat as lat_text,
        lon as lon_text
    from {{ source('bronze', 'events') }}
    where {{ is_loaded('events') }}
),

newest as (
    {{ first_of_each('typed', ['event_key'], [
        'received_at desc',
        'ingested_at desc nulls last',
        row_digest(texts + ['conversion_data', 'percent_viewed_text', 'lat_text', 'lon_text'])
        ~ ' desc',
    ], required=['received_at']) }}
)

select
    {% for name in texts + read %}newest.{{ name }},
    {% endfor -%}
    newest.browser,
    newest.platform,
    newest.mobile,
    {{ stored_timestamp('newest.received_at') }} as received_at,
    {{ stored_timestamp('newest.ingested_at') }} as ingested_at
from newest
{% if is_incremental() %}
    -- Not every row that loads later is a newer state: a replay, a partition that came late.
    left join {{ this }} as stored on newest.event_key = stored.event_key
    where
        stored.event_key is null
        or newest.received_at > stored.received_at
        or (
            newest.received_at = stored.received_at
            and newest.ingested_at > stored.ingested_at
        )
{% endif %}
