-- What is said of a table comes with its first column alone: 40 kB less for each reader.
select
    layer,
    table_name,
    case when column_order = 1 then table_description end as table_description,
    column_name,
    column_type,
    column_description,
    case when column_order = 1 then file end as file
from pages.definitions
where table_name is not null
order by layer_order desc, table_name, column_order
