-- On which pages do plays lead to a form, and to the end of the video?
select
    label as page,
    sum(event_count) as plays,
    1e0 * sum(conversion_count) / sum(event_count) as conversion_rate,
    1e0 * sum(end_count) / nullif(sum(known_count), 0) as completion_rate,
    sum(last_30_days_count) as plays_of_30_days,
    sum(before_30_days_count) as plays_of_30_days_before
from {{ ref('media_reach') }}
where dimension = 'embed_page'
group by label
order by conversion_rate desc, plays desc, page asc
