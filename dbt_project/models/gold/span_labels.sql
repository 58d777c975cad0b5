{%- set counts = ['event_count', 'known_count', 'end_count', 'conversion_count'] -%}

with counted as (
    select
        spans.span,
        spans.period,
        days.dimension,
        days.label,
        {% for name in counts %}
            cast(sum(days.{{ name }}) as bigint) as {{ name }},
        {% endfor %}
        coalesce(days.media_id, 'All') as media_id
    from {{ ref('media_daily_breakdown') }} as days
    inner join {{ ref('spans') }} as spans
        on days.activity_date between spans.first_day and spans.last_day
    where
        spans.period = 'now'
        or (spans.period in ('before', 'year') and spans.is_whole)
    group by grouping sets ( -- noqa: PRS,RF02
        (spans.span, spans.period, days.media_id, days.dimension, days.label),
        (spans.span, spans.period, days.dimension, days.label)
    )
),

-- Held against the rest of the video, or of the account.
compared as (
    select
        {% for name in counts %}
            sum({{ name }}) over (
                partition by span, period, media_id, dimension
            ) - {{ name }} as other_{{ name }},
        {% endfor %}
        *
    from counted
),

tested as (
    select
        *,
        {{ z_of_shares(
            'end_count', 'known_count', 'other_end_count', 'other_known_count'
        ) }} as completion_z,
        {{ z_of_shares(
            'conversion_count', 'event_count', 'other_conversion_count', 'other_event_count'
        ) }} as conversion_z
    from compared
)

select
    span,
    period,
    media_id,
    dimension,
    label,
    {% for name in counts %}
        {{ name }},
    {% endfor %}
    cast(end_count as double) / nullif(known_count, 0) as completion_rate,
    cast(conversion_count as double) / nullif(event_count, 0) as conversion_rate,
    {{ two_tails('abs(completion_z)') }} as completion_chance,
    {{ two_tails('abs(conversion_z)') }} as conversion_chance
from tested
