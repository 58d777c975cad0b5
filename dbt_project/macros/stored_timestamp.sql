{% macro stored_timestamp(timestamp) -%}
    {{ return(adapter.dispatch('stored_timestamp')(timestamp)) }}
{%- endmacro %}

{# Iceberg takes microseconds only, Hive's tables milliseconds only. #}
{% macro athena__stored_timestamp(timestamp) -%}
    cast(
        {{ timestamp }}
        as timestamp({{ 6 if config.get('table_type') == 'iceberg' else 3 }})
    )
{%- endmacro %}

{% macro duckdb__stored_timestamp(timestamp) -%}
    cast({{ timestamp }} as timestamp)
{%- endmacro %}
