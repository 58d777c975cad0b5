with viewers as (
    select
        {{ start_of('month', 'first_play_date') }} as first_month,
        {{ start_of('month', 'last_play_date') }} as last_month,
        {{ start_of('month', newest_day()) }} as this_month
    from {{ ref('viewers') }}
),

cohorts as (
    select
        first_month,
        date_diff('month', first_month, this_month) as months_so_far,
        date_diff('month', first_month, last_month) as months_seen
    from viewers
),

later (months_later) as (
    values (0), (1), (2), (3), (4), (5), (6), (7), (8), (9), (10), (11), (12)
)

select
    cohorts.first_month,
    later.months_later,
    count(*) as viewers,
    count(case when cohorts.months_seen >= later.months_later then 1 end)
        as seen_viewers
from cohorts
inner join later
    on cohorts.months_so_far >= later.months_later
where cohorts.months_so_far < 24
group by cohorts.first_month, later.months_later
