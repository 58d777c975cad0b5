{# date_diff counts elapsed days on Athena and midnights on DuckDB: on dates they agree. #}
{% macro days_between(first, last) -%}
    cast(
        date_diff('day', cast({{ first }} as date), cast({{ last }} as date)) as integer
    )
{%- endmacro %}
