-- Which campaign's source brings plays, and do they watch to the end?
select
    label as utm_source,
    sum(event_count) as plays,
    1e0 * sum(end_count) / nullif(sum(known_count), 0) as completion_rate,
    1e0 * sum(conversion_count) / sum(event_count) as conversion_rate
from {{ ref('media_reach') }}
where dimension = 'utm_source'
group by label
order by plays desc, utm_source asc
