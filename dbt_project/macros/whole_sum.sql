{# Doubles add up to other last digits in another order, and the two engines have orders of
   their own; whole numbers do not. #}
{% macro whole_sum(column, parts) -%}
    cast(sum(cast(round({{ column }} * {{ parts }}) as bigint)) as double)
{%- endmacro %}
