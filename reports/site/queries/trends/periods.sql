with periods as (
    select
        cast(starts_on as date) as begins,
        sum(load_count) as loads,
        sum(coalesce(play_count, event_count)) as plays,
        sum(watched_seconds) / 3600.0 as hours,
        sum(known_count) as known,
        sum(end_count) as ends
    from pages.trends
    where
        starts_on is not null
        and period = '${inputs.period}'
        and ('${inputs.video}' = 'All' or media_id = '${inputs.video}')
    group by starts_on
),

bounds as (
    select
        date_trunc('${inputs.period}', cast(newest_day as date) + 1) as running,
        cast(first_day as date) as first_day
    from pages.status
)

select
    strftime(now.begins, '%Y-%m-%d') as day,
    now.plays,
    now.plays - earlier.plays as plays_change,
    now.loads,
    now.plays / nullif(cast(now.loads as double), 0) as plays_per_load,
    now.hours,
    now.hours - earlier.hours as hours_change,
    now.ends,
    now.ends / nullif(cast(now.known as double), 0) as end_rate
from periods as now
cross join bounds
left join periods as earlier
    on earlier.begins = date_trunc('${inputs.period}', now.begins - interval 1 day) and earlier.begins >= bounds.first_day
where now.begins < bounds.running and now.begins >= bounds.first_day
order by day desc
