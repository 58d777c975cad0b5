with spread as (
    {% for dimension, label in {
        'country': "coalesce(country, 'unknown')",
        'embed_page': "coalesce(embed_page, 'unknown')",
        'utm_source': "coalesce(utm_source, 'none')",
        'device': 'device',
        'hour_of_week': "cast(activity_weekday as varchar) || ' ' "
            ~ "|| lpad(cast(activity_hour as varchar), 2, '0')",
        'watch_depth': 'cast(depth_band as varchar)',
        'conversion': 'conversion_type',
    }.items() %}
        select
            *,
            '{{ dimension }}' as dimension,
            {{ label }} as label
        from {{ ref('fact_plays') }}
        {{ 'union all' if not loop.last }}
    {% endfor %}
)

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
    {{ stored_timestamp('max(ingested_at)') }} as ingested_at
from spread
where label is not null
group by media_id, activity_date, dimension, label
