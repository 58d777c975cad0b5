select
    first_month, months_later as column_order, cast(months_later as varchar) as column_label,
    cast(replace(substr(first_month, 1, 7), '-', '') as integer) as row_order,
    1.0 * seen_viewers / viewers as value, viewers
from pages.cohorts
where first_month is not null
order by first_month, months_later
