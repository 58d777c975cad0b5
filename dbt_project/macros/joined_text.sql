{% macro joined_text(array) -%}
    {{ return(adapter.dispatch('joined_text')(array)) }}
{%- endmacro %}

{% macro athena__joined_text(array) -%}
    array_join({{ array }}, ',', '')
{%- endmacro %}

{% macro duckdb__joined_text(array) -%}
    array_to_string([coalesce(item, '') for item in {{ array }}], ',')
{%- endmacro %}
