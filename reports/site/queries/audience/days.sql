-- Only whole days, weeks or months: half of one would look like a fall.
with whole as (
    select cast(trends.starts_on as date) as begins, trends.viewer_count, trends.new_viewer_count
    from pages.viewer_trends as trends
    cross join pages.status as status
    where
        trends.starts_on is not null
        and trends.period = '${inputs.period}'
        and cast(trends.starts_on as date) >= cast(status.first_day as date)
        and cast(trends.starts_on as date) < date_trunc('${inputs.period}', cast(status.newest_day as date) + 1)
)

select strftime(begins, '%Y-%m-%d') as day, 'New' as who, new_viewer_count as viewers
from whole
union all
select strftime(begins, '%Y-%m-%d') as day, 'Returning' as who, viewer_count - new_viewer_count as viewers
from whole
order by who, day
