select
    overlap.media_id, media.name, other.name as other_name, overlap.both_count, overlap.visitor_count, overlap.share_of_visitors
from pages.overlap as overlap
inner join pages.media as media on overlap.media_id = media.media_id
inner join pages.media as other on overlap.other_media_id = other.media_id
order by overlap.both_count desc, media.name, other.name
