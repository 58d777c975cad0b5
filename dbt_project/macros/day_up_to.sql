{% macro day_up_to(day, last) -%}
    case when {{ day }} > {{ last }} then {{ last }} else {{ day }} end
{%- endmacro %}
