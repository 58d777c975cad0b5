-- The video that loses most of its audience in its first five seconds.
with early as (
    select media_id, min(viewers_share) as left_share, max(at_seconds) as at_seconds
    from pages.media_curve
    where at_seconds <= 5 and media_id is not null
    group by media_id
)

select media.media_id, media.name, 1 - early.left_share as lost_share, early.at_seconds
from early
inner join pages.media as media on early.media_id = media.media_id
where media.play_count >= 30
order by lost_share desc, media.media_id
limit 1
