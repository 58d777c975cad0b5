{#- A count is told by itself, a rate by two. The last is what it is seen on: how many
    make up the figure, where that is not the figure itself. #}
{%- set figures = {
    'plays': ('play_count', none, none),
    'loads': ('load_count', none, none),
    'viewers': ('viewer_count', none, none),
    'hours_watched': ('hours_watched', none, 'event_count'),
    'plays_per_load': ('play_count', 'load_count', 'load_count'),
    'completion_rate': ('end_count', 'known_count', 'known_count'),
    'conversion_rate': ('conversion_count', 'event_count', 'event_count'),
} -%}

with figures as (
    {% for figure, (above, below, seen) in figures.items() %}
        select
            span,
            period,
            media_id,
            '{{ figure }}' as figure,
            cast({{ above }} as double)
            {%- if below %} / nullif({{ below }}, 0){% endif %} as amount,
            cast({{ seen or 'null' }} as bigint) as seen_count
        from {{ ref('span_totals') }}
        {{ 'union all' if not loop.last }}
    {% endfor %}
)

select
    figures.span,
    figures.period,
    spans.periods_back,
    figures.media_id,
    figures.figure,
    figures.amount,
    figures.seen_count
from figures
inner join {{ ref('spans') }} as spans
    on figures.span = spans.span and figures.period = spans.period
where figures.amount is not null
