{# Fails where a time lies two days or more after AS_OF_DATE: a clock that was ahead, or an
   AS_OF_DATE before what the tables hold. #}
{% test not_in_the_future(model, columns) %}
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
        {{ column }} >= {{ days_before(as_of_date(), -2) }} {{ 'or' if not loop.last }}
    {% endfor %}
{% endtest %}
