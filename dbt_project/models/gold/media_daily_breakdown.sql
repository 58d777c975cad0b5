{{ config(materialized='table', ha=true) }}

with plays as (
    select
        media_id,
        activity_date,
        cast(activity_weekday as varchar) || ' '
        || lpad(cast(activity_hour as varchar), 2, '0') as hour_of_week,
        percent_viewed,
        depth_band,
        watched_seconds,
        country,
        embed_page,
        utm_source,
        device,
        conversion_type,
        ingested_at
    from {{ ref('fact_plays') }}
),

spread as (
    {% for dimension, label in {
        'country': "coalesce(country, 'unknown')",
        'embed_page': "coalesce(embed_page, 'unknown')",
        'utm_source': "coalesce(utm_source, 'none')",
        'device': 'device',
        'hour_of_week': 'hour_of_week',
        'watch_depth': 'cast(depth_band as varchar)',
        'conversion': 'conversion_type',
    }.items() %}
        select
            media_id,
            activity_date,
            percent_viewed,
            watched_seconds,
            conversion_type,
            ingested_at,
            '{{ dimension }}' as dimension,
            {{ label }} as label
        from plays
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
        count(percent_viewed) as known_count,
        count(case when percent_viewed >= 1 then 1 end) as end_count,
        count(conversion_type) as conversion_count,
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
    known_count,
    end_count,
    conversion_count,
    watched_seconds,
    {{ stored_timestamp('ingested_at') }} as ingested_at
from counted
