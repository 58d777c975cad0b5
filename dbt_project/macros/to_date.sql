{# A guard, since DuckDB alone takes '2026-1-9'; a 30th of February is null on both. #}
{% macro to_date(text) -%}
    case
        when {{ matches(text, date_pattern()) }}
            then {{ adapter.dispatch('to_date')(text) }}
    end
{%- endmacro %}

{% macro athena__to_date(text) -%}
    try(cast({{ text }} as date))
{%- endmacro %}

{% macro duckdb__to_date(text) -%}
    try_cast({{ text }} as date)
{%- endmacro %}
