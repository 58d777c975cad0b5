{{ config(
    materialized='incremental', incremental_strategy='merge', unique_key='event_key',
    table_type='iceberg',
) }}
{%- set texts = [
    'event_key', 'visitor_key', 'media_id', 'embed_url', 'ip', 'org', 'country', 'region',
    'city', 'email', 'conversion_type',
] %}
{%- set read = ['conversion_data', 'percent_viewed', 'lat', 'lon'] %}
{%- set plain = texts + read + ['browser', 'platform', 'mobile', 'watched_seconds'] %}

with events as (
    select
        {{ (texts + read) | join(',\n        ') }},
        user_agent_details,
        received_at,
        ingested_at
    from {{ source('bronze', 'events') }}
    {% if is_incremental() %}
        where ingest_date >= {{ first_partition('ingested_at') }}
    {% endif %}
),

typed as (
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
        {{ row_digest(texts + read) }} as content_digest
    from events
),

ranked as (
    select
        *,
        min(received_at) over (partition by event_key) as first_received_at,
        row_number() over (
            partition by event_key
            order by received_at desc, ingested_at desc nulls last, content_digest desc
        ) as newest_first
    from typed
    where event_key is not null and received_at is not null
),

-- By the length the medium had then: a changed length changes no event of before.
newest as (
    select
        ranked.*,
        round(ranked.percent_viewed * media.duration_seconds * 1000) / 1000.0
            as watched_seconds
    from ranked
    left join {{ ref('dim_media_history') }} as media
        on
            ranked.media_id = media.media_id
            and (media.version_number = 1 or ranked.received_at >= media.valid_from)
            and (media.is_current or ranked.received_at < media.valid_to)
    where ranked.newest_first = 1
),

{% if is_incremental() %}
    compared as (
        select
            newest.event_key,
            stored.event_key is null
            or newest.received_at > stored.received_at
            or (
                newest.received_at = stored.received_at
                and newest.ingested_at >= stored.ingested_at
                -- Landed again; or its medium was listed after it, and has a length now.
                and (
                    newest.ingested_at > stored.ingested_at
                    or (stored.watched_seconds is null and newest.watched_seconds >= 0)
                )
            ) as is_newer,
            {{ earlier_of('newest.first_received_at', 'stored.first_received_at') }}
                as first_received_at,
            stored.first_received_at as first_before
        from newest
        left join {{ this }} as stored on newest.event_key = stored.event_key
    ),

    changed as (
        {% for source in ('newest', 'stored') %}
            select
                {% for name in plain %}{{ source }}.{{ name }},
                {% endfor -%}
                {{ source }}.received_at,
                compared.first_received_at,
                {{ source }}.ingested_at
            from {{ source if source == 'newest' else this ~ ' as stored' }}
            inner join compared on {{ source }}.event_key = compared.event_key
            where
                {% if source == 'newest' %}compared.is_newer
                {% else %}not compared.is_newer
                    and compared.first_received_at < compared.first_before
                {% endif %}
            {{ 'union all' if not loop.last }}
        {% endfor %}
    )
{% else %}
    changed as (
        select * from newest
    )
{% endif %}

select
    {{ plain | join(',\n    ') }},
    {{ stored_timestamp('received_at') }} as received_at,
    {{ stored_timestamp('first_received_at') }} as first_received_at,
    {{ stored_timestamp('ingested_at') }} as ingested_at
from changed
