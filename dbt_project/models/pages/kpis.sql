{{ config(materialized='table', ha=true) }}
{%- set figures = [
    'play_count', 'unique_play_count', 'hours_watched', 'engagement', 'visitors',
] %}

with media_days as (
    select
        media_id,
        day,
        play_count,
        unique_play_count,
        hours_watched,
        engagement,
        visitors,
        max(day) over () as newest_date
    from {{ ref('media_days') }}
),

visitor_days as (
    select
        day,
        new_visitors,
        returning_visitors,
        visitors_so_far,
        max(day) over () as newest_date
    from {{ ref('visitor_days') }}
),

-- Two days are compared by the videos that both have: one that is listed later brings
-- its plays of all time, which nobody made since yesterday.
pairs as (
    {% for days in [0, 1, 7] %}
        select
            {% for name in figures %}
                now.{{ name }} as {{ name }}_now,
                before.{{ name }} as {{ name }}_before,
            {% endfor %}
            {{ days }} as days_before,
            now.newest_date
        from media_days as now
        inner join media_days as before
            on
                now.media_id = before.media_id
                and before.day = {{ days_before('now.newest_date', days) }}
        where now.day = now.newest_date
        {{ 'union all' if not loop.last }}
    {% endfor %}
),

media_totals as (
    select
        {% for now in ['now', 'before'] %}
            cast(sum(play_count_{{ now }}) as double) as plays_{{ now }},
            {{ whole_sum('hours_watched_' ~ now, 1000000) }} / 1000000
                as hours_watched_{{ now }},
            sum(unique_play_count_{{ now }})
            / nullif(cast(sum(visitors_{{ now }}) as double), 0) as play_rate_{{ now }},
            {{ whole_sum('engagement_' ~ now ~ ' * play_count_' ~ now, 1000000) }}
            / 1000000 / nullif(sum(
                case when engagement_{{ now }} is not null then play_count_{{ now }} end
            ), 0) as engagement_{{ now }},
        {% endfor %}
        days_before,
        newest_date
    from pairs
    group by days_before, newest_date
),

-- A figure so far speaks of the newest day, a figure of a day of the last whole one.
counted as (
    {% for column, back in {
        'visitors_so_far': 0, 'new_visitors': 1, 'returning_visitors': 1,
    }.items() %}
        select
            '{{ column.replace('_so_far', '') }}' as kpi,
            {% for name, days in {'now': 0, 'day': 1, 'week': 7}.items() %}
                max(case
                    when date_diff('day', day, newest_date) = {{ back + days }}
                        then cast({{ column }} as double)
                end) as {{ name }}_figure,
            {% endfor %}
            {{ days_before('newest_date', back) }} as counted_on
        from visitor_days
        group by newest_date
        {{ 'union all' if not loop.last }}
    {% endfor %}
),

compared as (
    {% for kpi in ['plays', 'hours_watched', 'play_rate', 'engagement'] %}
        select
            '{{ kpi }}' as kpi,
            newest_date as counted_on,
            max(case when days_before = 0 then {{ kpi }}_now end) as value_now,
            max(case when days_before = 1 then {{ kpi }}_now - {{ kpi }}_before end)
                as day_change,
            max(case when days_before = 7 then {{ kpi }}_now - {{ kpi }}_before end)
                as week_change
        from media_totals
        group by newest_date
        union all
    {% endfor %}
    select
        kpi,
        counted_on,
        now_figure as value_now,
        now_figure - day_figure as day_change,
        now_figure - week_figure as week_change
    from counted
)

select
    kpi,
    counted_on,
    value_now,
    round(value_now - day_change, 9) as value_day_before,
    round(value_now - week_change, 9) as value_week_before
from compared
