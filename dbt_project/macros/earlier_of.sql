{# least() of a null is null on Athena and the other value on DuckDB. #}
{% macro earlier_of(first, second) -%}
    case when {{ second }} < {{ first }} then {{ second }} else {{ first }} end
{%- endmacro %}
