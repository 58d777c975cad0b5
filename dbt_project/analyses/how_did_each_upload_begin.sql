-- How many plays had each video in its first week and month, side by side?
select
    media_id,
    uploaded_on,
    first_7_days_plays,
    first_28_days_plays,
    rank() over (order by first_28_days_plays desc nulls last) as place
from {{ ref('media_momentum') }}
where first_7_days_plays is not null
order by place asc, media_id asc
