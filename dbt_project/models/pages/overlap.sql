with ranked as (
    select
        *,
        row_number() over (
            partition by media_id order by both_count desc, other_media_id asc
        ) as place
    from {{ ref('media_overlap') }}
)

select
    media_id,
    other_media_id,
    cast(place as integer) as place,
    both_count,
    visitor_count,
    share_of_visitors
from ranked
where place <= 10
