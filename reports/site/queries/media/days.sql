select day, sum(plays_gained) as plays
from pages.media_days
where media_id is not null and plays_gained is not null
group by day
order by day
