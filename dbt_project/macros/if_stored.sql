{# SQL over a column of the stored table; null where older code has made it without. #}
{% macro if_stored(column, sql) -%}
    {%- set is_asked = execute and this is not string and is_incremental() -%}
    {%- set stored = adapter.get_columns_in_relation(this) if is_asked else [] -%}
    {%- if not is_asked or column in stored | map(attribute='name') -%} {{ sql }}
    {%- else -%} cast(null as timestamp)
    {%- endif -%}
{%- endmacro %}
