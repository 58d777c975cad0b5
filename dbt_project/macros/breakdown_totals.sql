{# One dimension of media_daily_breakdown added up, beside its newest 30 days and those
   before them. #}
{% macro breakdown_totals(dimension, column, label='label') -%}
with days as (
    select
        media_id,
        activity_date,
        {{ label }} as {{ column }},
        event_count,
        watched_seconds
    from {{ ref('media_daily_breakdown') }}
    where dimension = '{{ dimension }}'
),

totals as (
    select
        media_id,
        {{ column }},
        cast(sum(event_count) as bigint) as event_count,
        {{ whole_sum('watched_seconds', 1000) }} as watched_ms,
        cast(sum(case
            when
                activity_date >= {{ days_before(as_of_date(), 30) }}
                and activity_date < {{ as_of_date() }}
                then event_count
            else 0
        end) as bigint) as last_30_days_count,
        cast(sum(case
            when
                activity_date >= {{ days_before(as_of_date(), 60) }}
                and activity_date < {{ days_before(as_of_date(), 30) }}
                then event_count
            else 0
        end) as bigint) as before_30_days_count
    from days
    group by media_id, {{ column }}
)

select
    media_id,
    {{ column }},
    event_count,
    watched_ms / 1000 as watched_seconds,
    last_30_days_count,
    before_30_days_count
from totals
{%- endmacro %}
