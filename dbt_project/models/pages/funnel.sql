{{ config(materialized='table', ha=true) }}

with days as (
    select
        media_id,
        activity_date,
        reported_load_count,
        event_count,
        quarter_count,
        half_count,
        end_count,
        {{ open_day() }} as open_day
    from {{ ref('media_daily') }}
),

-- The newest whole days, and as many before them.
spans as (
    {% for days in [30, 90, 365] %}
        select
            *,
            {{ days }} as span_days,
            activity_date >= {{ days_before('open_day', days) }} as is_now
        from days
        where
            activity_date >= {{ days_before('open_day', 2 * days) }}
            and activity_date < open_day
        {{ 'union all' if not loop.last }}
    {% endfor %}
),

steps as (
    {% for step, column in {
        'load': 'reported_load_count',
        'play': 'event_count',
        'quarter': 'quarter_count',
        'half': 'half_count',
        'end': 'end_count',
    }.items() %}
        select
            media_id,
            span_days,
            {{ loop.index }} as step_order,
            '{{ step }}' as step,
            cast(sum(case when is_now then {{ column }} end) as bigint) as times,
            cast(sum(case when not is_now then {{ column }} end) as bigint)
                as times_before
        from spans
        group by media_id, span_days
        {{ 'union all' if not loop.last }}
    {% endfor %}
)

select
    media_id,
    span_days,
    step_order,
    step,
    times,
    times_before
from steps
