select media_id, percent_of_video, arg_min(viewers_share, engagement_idx) as viewers_share
from pages.media_curve
where media_id in ('${inputs.v1}', '${inputs.v2}', '${inputs.v3}', '${inputs.v4}') and percent_of_video < 99
group by media_id, percent_of_video
order by media_id, percent_of_video
