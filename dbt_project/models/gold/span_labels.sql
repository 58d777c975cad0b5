{{ config(materialized='table', ha=true) }}
{%- set counts = ['event_count', 'known_count', 'end_count', 'conversion_count'] %}

with spans as (
    select
        span,
        period,
        first_day,
        last_day
    from {{ ref('spans') }}
    where period in ('now', 'before', 'year') and (is_whole or period = 'now')
),

days as (
    select
        media_id,
        activity_date,
        dimension,
        label,
        event_count,
        known_count,
        end_count,
        conversion_count
    from {{ ref('media_daily_breakdown') }}
),

counted as (
    select
        spans.span,
        spans.period,
        days.dimension,
        days.label,
        {% for name in counts %}
            cast(sum(days.{{ name }}) as bigint) as {{ name }},
        {% endfor %}
        coalesce(days.media_id, 'All') as media_id
    from days
    inner join spans
        on days.activity_date between spans.first_day and spans.last_day
    group by grouping sets ( -- noqa: PRS,RF02
        (spans.span, spans.period, days.media_id, days.dimension, days.label),
        (spans.span, spans.period, days.dimension, days.label)
    )
),

-- Held against the rest of the video, or of the account.
compared as (
    select
        *,
        {% for name in counts if name != 'event_count' %}
            sum({{ name }}) over (
                partition by span, period, media_id, dimension
            ) - {{ name }} as other_{{ name }},
        {% endfor %}
        sum(event_count) over (
            partition by span, period, media_id, dimension
        ) - event_count as other_event_count
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
