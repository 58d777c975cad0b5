-- On which weekday and hour of the account's zone do people watch?
select
    activity_weekday,
    activity_hour,
    count(*) as plays,
    count(case when percent_viewed >= 1 then 1 end) as plays_to_the_end
from {{ ref('fact_plays') }}
group by activity_weekday, activity_hour
order by activity_weekday asc, activity_hour asc
