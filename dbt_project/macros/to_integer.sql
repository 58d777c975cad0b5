{# try_cast alone differs: '1.0', '1.5' and '1e3' are integers to DuckDB, null to Trino. #}
{% macro to_integer(text) -%}
    case
        when {{ matches(text, whole_pattern()) }}
            then try_cast({{ text }} as bigint)
    end
{%- endmacro %}
