with spans as (
    select *
    from {{ ref('spans') }}
    where period in ('now', 'before', 'year')
)

select
    span,
    period,
    first_day,
    last_day,
    day_count,
    is_whole
from spans
