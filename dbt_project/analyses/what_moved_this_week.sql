-- Which videos are played more or less than the week before, chance aside?
select
    media_id,
    last_7_days_plays,
    before_7_days_plays,
    last_7_days_plays - before_7_days_plays as plays_gained,
    change_chance
from {{ ref('media_momentum') }}
where change_chance < 0.05
order by change_chance asc, media_id asc
