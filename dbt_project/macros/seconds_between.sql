{# Whole milliseconds first, which both engines count alike on truncated timestamps. #}
{% macro seconds_between(first, last) -%}
    cast(date_diff('millisecond', {{ first }}, {{ last }}) as double) / 1000.0
{%- endmacro %}
