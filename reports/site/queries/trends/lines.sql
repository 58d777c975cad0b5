-- The newest whole periods, and what they are held against moved beside them.
with periods as (
    select
        cast(trends.starts_on as date) as begins,
        date_trunc('${inputs.period}', cast(any_value(status.newest_day) as date) + 1) as running,
        cast(any_value(status.first_day) as date) as first_day,
        sum(case '${inputs.figure}'
            when 'loads' then trends.load_count
            when 'hours' then trends.watched_seconds / 3600.0
            when 'ends' then trends.end_count
            else coalesce(trends.play_count, trends.event_count)
        end) as figure
    from pages.trends as trends
    cross join pages.status as status
    where
        trends.starts_on is not null
        and trends.period = '${inputs.period}'
        and ('${inputs.video}' = 'All' or trends.media_id = '${inputs.video}')
    group by trends.starts_on
),

whole as (
    select
        begins, running, figure,
        cast(case '${inputs.period}'
            when 'month' then running - interval 12 month
            when 'week' then running - interval 182 day
            else running - interval 60 day
        end as date) as oldest,
        cast(case
            when '${inputs.period}' = 'month' then begins + interval 12 month
            -- 52 whole weeks: a Monday is held against a Monday.
            when '${inputs.line}' = 'year' then begins + interval 364 day
            when '${inputs.period}' = 'week' then begins + interval 182 day
            else begins + interval 60 day
        end as date) as moved
    from periods
    where begins < running and begins >= first_day
)

select strftime(begins, '%Y-%m-%d') as day, 'Now' as what, figure
from whole
where begins >= oldest
union all
select
    strftime(moved, '%Y-%m-%d') as day,
    case when '${inputs.line}' = 'year' or '${inputs.period}' = 'month' then 'A year earlier' else 'Before' end as what,
    figure
from whole
where '${inputs.line}' <> 'none' and moved >= oldest and moved < running
order by what desc, day
