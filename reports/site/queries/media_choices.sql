select
    media_id as value,
    case when count(*) over (partition by name) > 1 then name || ' ' || media_id else name end as label
from pages.media
where media_id is not null
order by play_count desc, media_id
