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
    {% set partition = table.config.meta.get('partition_column') %}
    {% set files = bronze_files(table, root) %}
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
    {% if not files %}
        {{ return('select ' ~ empty | join(', ') ~ ' where false') }}
    {% endif %}
    {% set hive = ", hive_partitioning = true, hive_types = {'" ~ partition ~ "': varchar}" %}
    {# The compression is said: DuckDB would take a path's end at a `?`. #}
    {{ return(
        'select ' ~ typed | join(', ') ~ ' from read_json([' ~ files ~ '], format = '
        ~ "'newline_delimited', compression = '" ~ ('gzip' if partition else 'uncompressed')
        ~ "', columns = {" ~ read | join(', ') ~ '}'
        ~ (hive if partition else ', hive_partitioning = false') ~ ')'
    ) }}
{% endmacro %}

{# A table's files as DuckDB's list of texts; blank where there is none. `wistia-elt build`
   lists what the manifests list; a dbt run by hand reads what lies there. A path is no
   pattern: what would be one stands in brackets. #}
{% macro bronze_files(table, root) %}
    {# chr(39) is the quote, doubled inside a text. #}
    {% set plain = "regexp_replace(replace(path, chr(39), repeat(chr(39), 2)), '([[?*])', '[\\1]', 'g')" %}
    {% if env_var('BRONZE_READ', '') %}
        {% set listed %}
            select '{{ root.replace("'", "''") }}/' || key as path
            from {{ table.schema }}.objects
            where resource = '{{ table.name }}'
        {% endset %}
    {% else %}
        {% set meta = table.config.meta %}
        {% set partition = meta.get('partition_column') %}
        {% set safe = root.replace('[', '[[]').replace('?', '[?]').replace('*', '[*]') %}
        {# No `*` at a name's start: file servers leave hidden files there. #}
        {% set below = [safe, meta.location, partition ~ '=*' if partition, '[!._]' ~ meta.files] %}
        {% set listed %}
            select file as path from glob('{{ (below | select | join('/')).replace("'", "''") }}')
        {% endset %}
    {% endif %}
    {% set found = run_query(
        "select string_agg(chr(39) || " ~ plain ~ " || chr(39), ', ' order by path) from ("
        ~ listed ~ ')'
    ) %}
    {{ return(found.columns[0].values()[0] or '') }}
{% endmacro %}
