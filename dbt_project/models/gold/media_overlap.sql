with audiences as (
    select
        media_id,
        count(*) as visitor_count
    from {{ ref('visitor_media') }}
    group by media_id
),

-- A visitor of one video has no pair, and most are.
pairs as (
    select
        one.media_id,
        other.media_id as other_media_id,
        count(*) as both_count
    from {{ ref('visitor_media') }} as one
    inner join {{ ref('visitor_media') }} as other
        on one.visitor_key = other.visitor_key and one.media_id <> other.media_id
    group by one.media_id, other.media_id
)

select
    pairs.media_id,
    pairs.other_media_id,
    pairs.both_count,
    audiences.visitor_count,
    cast(pairs.both_count as double) / audiences.visitor_count as share_of_visitors
from pairs
inner join audiences
    on pairs.media_id = audiences.media_id
