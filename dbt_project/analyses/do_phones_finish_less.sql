-- Do people on phones finish less, video by video?
select
    media_id,
    label as device,
    event_count as plays,
    completion_rate,
    conversion_rate
from {{ ref('media_reach') }}
where dimension = 'device'
order by media_id asc, device asc
