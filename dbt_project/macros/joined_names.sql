{# The names in a list of objects as one text, in the list's order. #}
{% macro joined_names(list) -%}
    {{ return(adapter.dispatch('joined_names')(list)) }}
{%- endmacro %}

{% macro athena__joined_names(list) -%}
    nullif(array_join(transform({{ list }}, one -> one.name), ', '), '')
{%- endmacro %}

{% macro duckdb__joined_names(list) -%}
    nullif(array_to_string([one.name for one in {{ list }}], ', '), '')
{%- endmacro %}
