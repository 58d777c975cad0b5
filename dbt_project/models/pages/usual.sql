with headlines as (
    select *
    from {{ ref('headlines') }}
)

select
    span,
    media_id,
    figure,
    period_count,
    usual_low,
    usual_high,
    beyond
from headlines
where beyond is not null
