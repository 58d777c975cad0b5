{# Fails with one row for each combination of values that occurs more than once. #}
{% test unique_together(model, columns) %}
with duplicates as (
    select {{ columns | join(', ') }}, count(*) as row_count
    from {{ model }}
    group by {{ columns | join(', ') }}
    having count(*) > 1
)

select * from duplicates
{% endtest %}
