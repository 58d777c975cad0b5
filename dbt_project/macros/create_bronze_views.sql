{% macro create_bronze_views() %}
    {{ return(adapter.dispatch('create_bronze_views')()) }}
{% endmacro %}

{# Glue has the tables: the run and the crawler keep them. #}
{% macro athena__create_bronze_views() %}
{% endmacro %}

{% macro duckdb__create_bronze_views() %}
    {% if execute %}
        {% set root = env_var('LAKE_URI', 'lake').rstrip('/') %}
        {% for table in graph.sources.values() if table.source_name == 'bronze' %}
            {% if loop.first %}
                {% do run_query('create schema if not exists ' ~ table.schema) %}
            {% endif %}
            {% do run_query(
                'create or replace view ' ~ table.schema ~ '.' ~ table.name
                ~ ' as ' ~ bronze_select(table, root)
            ) %}
        {% endfor %}
    {% endif %}
{% endmacro %}

{# DuckDB binds a view when it is made and fails where no file matches, as in an empty
   lake or for a resource that never landed: such a table is a typed nothing. #}
{% macro bronze_select(table, root) %}
    {% set meta = table.config.meta %}
    {% set partition = meta.get('partition_column') %}
    {% set files = [root, meta.location, partition ~ '=*' if partition, meta.files] %}
    {% set pattern = (files | select | join('/')).replace("'", "''") %}
    {% set found = run_query("select count(*) from glob('" ~ pattern ~ "')") %}
    {% set read, typed, empty = [], [], [] %}
    {% for column in table.columns.values() %}
        {% set type = duckdb_type(column.data_type) %}
        {% set is_nested = column.data_type != 'string' %}
        {% do empty.append('cast(null as ' ~ type ~ ') as ' ~ column.name) %}
        {# Nested columns are read as JSON and cast: what does not fit becomes null, as
           OpenX's reader does on Athena, where read_json's own types fail the query. #}
        {% do typed.append(
            'try_cast(' ~ column.name ~ ' as ' ~ type ~ ') as ' ~ column.name
            if is_nested else column.name
        ) %}
        {% if column.name != partition %}
            {% do read.append(column.name ~ ": '" ~ ('json' if is_nested else type) ~ "'") %}
        {% endif %}
    {% endfor %}
    {% if found.columns[0].values()[0] == 0 %}
        {{ return('select ' ~ empty | join(', ') ~ ' where false') }}
    {% endif %}
    {% set hive = ", hive_partitioning = true, hive_types = {'" ~ partition ~ "': varchar}" %}
    {{ return(
        'select ' ~ typed | join(', ') ~ " from read_json('" ~ pattern ~ "', format = "
        ~ "'newline_delimited', columns = {" ~ read | join(', ') ~ '}'
        ~ (hive if partition else ', hive_partitioning = false') ~ ')'
    ) }}
{% endmacro %}
