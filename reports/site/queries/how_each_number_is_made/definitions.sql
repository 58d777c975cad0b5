select layer_order, layer, table_name, table_description, column_order, column_name, column_type, column_description, file
from pages.definitions
where table_name is not null
order by layer_order desc, table_name, column_order
