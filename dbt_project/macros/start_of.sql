{# The first day of the week (a Monday), month or other period that a day belongs to. #}
{% macro start_of(period, day) -%}
    cast(date_trunc('{{ period }}', {{ day }}) as date)
{%- endmacro %}
