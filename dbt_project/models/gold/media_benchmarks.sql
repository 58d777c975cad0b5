with plays as (
    select
        media_id,
        count(*) as event_count,
        count(percent_viewed) as known_count,
        count(case when percent_viewed >= 1 then 1 end) as end_count,
        count(conversion_type) as conversion_count
    from {{ ref('fact_plays') }}
    group by media_id
),

banded as (
    select
        coalesce(described.media_id, performance.media_id, plays.media_id) as media_id,
        coalesce(
            described.name, described.media_id, performance.media_id, plays.media_id
        ) as name,
        described.media_type,
        described.is_archived,
        described.tags,
        described.folder,
        described.duration_seconds,
        {{ local_date('described.created_at') }} as uploaded_on,
        described.media_id is not null as is_listed,
        case
            when described.duration_seconds < 60 then 1
            when described.duration_seconds < 180 then 2
            when described.duration_seconds < 600 then 3
            when described.duration_seconds < 1800 then 4
            when described.duration_seconds >= 1800 then 5
        end as length_band,
        performance.play_count,
        performance.play_rate,
        performance.engagement,
        plays.event_count,
        cast(plays.end_count as double)
        / nullif(plays.known_count, 0) as completion_rate,
        cast(plays.conversion_count as double) / plays.event_count as conversion_rate
    from {{ ref('dim_media') }} as described
    full outer join {{ ref('fact_media_performance') }} as performance
        on described.media_id = performance.media_id
    full outer join plays
        on coalesce(described.media_id, performance.media_id) = plays.media_id
)

select
    media_id,
    name,
    media_type,
    is_archived,
    tags,
    folder,
    is_listed,
    uploaded_on,
    duration_seconds,
    length_band,
    count(*) over (partition by length_band) as same_length_count,
    {% for figure in ['play_count', 'play_rate', 'engagement'] %}
        {{ figure }},
        case
            when {{ figure }} is not null and length_band is not null
                then percent_rank() over (
                    partition by
                        length_band,
                        case when {{ figure }} is null then 1 else 0 end
                    order by {{ figure }}
                )
        end as {{ figure }}_percentile,
    {% endfor %}
    event_count,
    completion_rate,
    conversion_rate
from banded
