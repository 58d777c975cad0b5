with days as (
    select
        *,
        {{ open_day() }} as open_day
    from {{ ref('media_daily_breakdown') }}
)

select
    media_id,
    dimension,
    label,
    cast(sum(event_count) as bigint) as event_count,
    cast(sum(known_count) as bigint) as known_count,
    cast(sum(end_count) as bigint) as end_count,
    cast(sum(conversion_count) as bigint) as conversion_count,
    cast(sum(end_count) as double) / nullif(sum(known_count), 0) as completion_rate,
    cast(sum(conversion_count) as double) / sum(event_count) as conversion_rate,
    {{ whole_sum('watched_seconds', 1000) }} / 1000 as watched_seconds,
    {{ sum_of_whole_days('event_count', 30, 0) }} as last_30_days_count,
    {{ sum_of_whole_days('event_count', 60, 30) }} as before_30_days_count
from days
group by media_id, dimension, label
