-- The mean curve of the account's videos, by the part of the video.
with shares as (
    select media_id, percent_of_video, arg_min(viewers_share, engagement_idx) as viewers_share
    from pages.media_curve
    where media_id is not null
    group by media_id, percent_of_video
)

select percent_of_video, avg(viewers_share) as viewers_share, count(*) as videos
from shares
group by percent_of_video
order by percent_of_video
