select result, severity, table_name, test, rows_found from pages.checks where test is not null order by result desc, table_name, test
