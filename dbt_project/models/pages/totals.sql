with totals as (
    select *
    from {{ ref('span_totals') }}
    where period in ('now', 'before', 'year')
)

select
    span,
    period,
    media_id,
    load_count,
    play_count,
    event_count,
    known_count,
    quarter_count,
    half_count,
    three_quarter_count,
    end_count,
    conversion_count,
    cast(round(hours_watched * 3600) as bigint) as watched_seconds,
    viewer_count
from totals
