{# Fails where a time lies two days or more after AS_OF_DATE and after today: a clock was ahead.
   An AS_OF_DATE of the past looks back on rows that came later, which is no fault. #}
{% test not_in_the_future(model, columns) %}
{%- set today = "cast('" ~ run_started_at.strftime('%Y-%m-%d') ~ "' as date)" -%}
{%- set last = 'greatest(' ~ as_of_date() ~ ', ' ~ today ~ ')' -%}
with latest as (
    select
        {% for column in columns %}
            max({{ column }}) as {{ column }}{{ ',' if not loop.last }}
        {% endfor %}
    from {{ model }}
)

select * from latest
where
    {% for column in columns %}
        {{ column }} >= {{ days_before(last, -2) }} {{ 'or' if not loop.last }}
    {% endfor %}
{% endtest %}
