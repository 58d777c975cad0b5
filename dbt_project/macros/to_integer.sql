{# try_cast alone differs: '1.0', '1.5' and '1e3' are integers to DuckDB, null to Trino.
   15 digits: no count is larger, sums stay inside bigint, JSON readers stay exact. #}
{% macro to_integer(text) -%}
    case
        when {{ matches(text, '^-?[0-9]{1,15}$') }}
            then cast({{ text }} as bigint)
    end
{%- endmacro %}
