with ranked as (
    select
        {% for period in ['before', 'year'] %}
            coalesce(max(case when period = '{{ period }}' then event_count end) over (
                partition by span, media_id, dimension, label
            ), 0) as {{ period }}_count,
        {% endfor %}
        row_number() over (
            partition by span, period, media_id, dimension
            order by event_count desc, label asc
        ) as place,
        *
    from {{ ref('span_labels') }}
    -- A week has too many hours for a table of every video.
    where dimension <> 'hour_of_week' or media_id = 'All'
)

select
    span,
    media_id,
    dimension,
    label,
    cast(place as integer) as place,
    event_count,
    known_count,
    end_count,
    conversion_count,
    conversion_chance,
    before_count,
    year_count
from ranked
where period = 'now' and (place <= 25 or dimension = 'hour_of_week')
