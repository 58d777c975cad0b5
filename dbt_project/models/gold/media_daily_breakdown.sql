{{ config(materialized='table', ha=true) }}
{%- set page = "regexp_extract(embed_url, '^https?://([^/?#]*@)?([^?#]*)', 2)" %}

with plays as (
    select
        media_id,
        percent_viewed,
        watched_seconds,
        country,
        embed_url,
        conversion_type,
        ingested_at,
        {{ local_date('received_at') }} as activity_date
    from {{ ref('fact_plays') }}
),

described as (
    select
        *,
        coalesce(country, 'unknown') as watched_from,
        -- The page alone: its query tells persons apart.
        coalesce(nullif({{ page }}, ''), 'unknown') as embed_page,
        case
            when percent_viewed <= 0 then 0
            when percent_viewed < 1 then cast(floor(percent_viewed * 10) as integer) + 1
            when percent_viewed >= 1 then 11
        end as depth_band
    from plays
),

spread as (
    {% for dimension, label in {
        'country': 'watched_from',
        'embed_page': 'embed_page',
        'watch_depth': 'cast(depth_band as varchar)',
        'conversion': 'conversion_type',
    }.items() %}
        select
            media_id,
            activity_date,
            watched_seconds,
            ingested_at,
            '{{ dimension }}' as dimension,
            {{ label }} as label
        from described
        {{ 'union all' if not loop.last }}
    {% endfor %}
),

counted as (
    select
        media_id,
        activity_date,
        dimension,
        label,
        count(*) as event_count,
        {{ whole_sum('watched_seconds', 1000) }} / 1000 as watched_seconds,
        max(ingested_at) as ingested_at
    from spread
    where label is not null
    group by media_id, activity_date, dimension, label
)

select
    media_id,
    activity_date,
    dimension,
    label,
    event_count,
    watched_seconds,
    {{ stored_timestamp('ingested_at') }} as ingested_at
from counted
