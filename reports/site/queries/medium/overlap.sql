select other.name as other_name, overlap.other_media_id, overlap.both_count, overlap.share_of_visitors
from pages.overlap as overlap
inner join pages.media as other on overlap.other_media_id = other.media_id
where overlap.media_id = '${params.media.replaceAll("'", "''")}'
order by overlap.both_count desc, other.name
