{# A date so many days or months later; a negative number is earlier. The end of a month stays
   one: March 31 a month earlier is February 28. #}
{% macro moved(day, number, unit) -%}
    {{ return(adapter.dispatch('moved')(day, number, unit)) }}
{%- endmacro %}

{% macro athena__moved(day, number, unit) -%}
    date_add('{{ unit }}', {{ number }}, {{ day }})
{%- endmacro %}

{% macro duckdb__moved(day, number, unit) -%}
    cast({{ day }} + to_{{ unit }}s(cast({{ number }} as integer)) as date)
{%- endmacro %}
