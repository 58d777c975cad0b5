{# trim() differs: Trino's takes tabs, DuckDB's only spaces. #}
{% macro blank_to_null(text) -%}
    case when {{ matches(text, '[^ \\t\\r\\n]') }} then {{ text }} end
{%- endmacro %}
