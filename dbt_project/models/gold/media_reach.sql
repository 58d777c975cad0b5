{{ config(materialized='table', ha=true) }}

with days as (
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
        {{ open_day() }} as open_day
    from {{ ref('media_daily_breakdown') }}
),

totals as (
    select
        media_id,
        dimension,
        label,
        cast(sum(event_count) as bigint) as event_count,
        cast(sum(known_count) as bigint) as known_count,
        cast(sum(end_count) as bigint) as end_count,
        cast(sum(conversion_count) as bigint) as conversion_count,
        {{ whole_sum('watched_seconds', 1000) }} as watched_ms,
        cast(sum(case
            when
                activity_date >= {{ days_before('open_day', 30) }}
                and activity_date < open_day
                then event_count
            else 0
        end) as bigint) as last_30_days_count,
        cast(sum(case
            when
                activity_date >= {{ days_before('open_day', 60) }}
                and activity_date < {{ days_before('open_day', 30) }}
                then event_count
            else 0
        end) as bigint) as before_30_days_count
    from days
    group by media_id, dimension, label
)

select
    media_id,
    dimension,
    label,
    event_count,
    known_count,
    end_count,
    conversion_count,
    cast(end_count as double) / nullif(known_count, 0) as completion_rate,
    cast(conversion_count as double) / event_count as conversion_rate,
    watched_ms / 1000 as watched_seconds,
    last_30_days_count,
    before_30_days_count
from totals
