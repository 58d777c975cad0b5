select
    case cast(label as integer)
        when 0 then 'Nothing'
        when 11 then 'All of it'
        else cast((cast(label as integer) - 1) * 10 as varchar) || ' to ' || cast(cast(label as integer) * 10 as varchar) || '%'
    end as name,
    event_count as plays
from pages.reach
where kind = 'watch_depth' and media_id = '${inputs.medium}'
order by cast(label as integer)
