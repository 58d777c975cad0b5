select at_seconds, 'First views' as what, viewers as views
from pages.media_curve
where media_id = '${params.media.replaceAll("'", "''")}'
union all
select at_seconds, 'Watched again' as what, rewatches as views
from pages.media_curve
where media_id = '${params.media.replaceAll("'", "''")}' and rewatches is not null
order by what, at_seconds
