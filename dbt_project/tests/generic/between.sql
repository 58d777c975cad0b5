{# Fails with the rows whose value lies outside [low, high]; null passes. #}
{% test between(model, column_name, low, high) %}
with outside as (
    select {{ column_name }}
    from {{ model }}
    where {{ column_name }} < {{ low }} or {{ column_name }} > {{ high }}
)

select * from outside
{% endtest %}
