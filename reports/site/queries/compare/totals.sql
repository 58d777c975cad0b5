select *
from pages.totals
where media_id in ('${inputs.v1}', '${inputs.v2}', '${inputs.v3}', '${inputs.v4}')
