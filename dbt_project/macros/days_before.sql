{# Athena subtracts an interval from a date and has a date, DuckDB a timestamp. #}
{% macro days_before(day, days) -%}
    cast({{ day }} - interval '{{ days }}' day as date)
{%- endmacro %}
