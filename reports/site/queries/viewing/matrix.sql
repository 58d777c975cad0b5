-- The six media with the most visitors among those that share some.
with sizes as (
    select media_id, max(visitor_count) as visitor_count
    from pages.overlap
    where media_id is not null
    group by media_id
),

largest as (
    select
        sizes.media_id,
        row_number() over (order by sizes.visitor_count desc, sizes.media_id) as place,
        case when length(media.name) > 24 then substr(media.name, 1, 23) || '…' else media.name end as name
    from sizes
    inner join pages.media as media on sizes.media_id = media.media_id
)

select
    one.place as row_order, one.name as row_label, other.place as column_order, other.name as column_label,
    overlap.share_of_visitors as value
from pages.overlap as overlap
inner join largest as one on overlap.media_id = one.media_id
inner join largest as other on overlap.other_media_id = other.media_id
where one.place <= 6 and other.place <= 6
order by row_order, column_order
