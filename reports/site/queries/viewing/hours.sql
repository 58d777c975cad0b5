-- A text a span: the plays of the 168 hours of a week, Monday 0 h first.
with hours as (
    select
        span,
        cast(substr(label, 1, 1) as integer) * 24 + cast(substr(label, 3, 2) as integer) - 24 as hour,
        event_count
    from pages.labels
    where media_id = 'All' and dimension = 'hour_of_week'
)

select span, string_agg(cast(hour as varchar) || ':' || cast(event_count as varchar), ',' order by hour) as plays
from hours
group by span
