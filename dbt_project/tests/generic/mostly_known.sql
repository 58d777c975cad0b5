{# Fails where a column is null in more than a share of the rows, 0 to 1. #}
{% test mostly_known(model, column_name, unknown_share) %}
with counted as (
    select
        count(*) as row_count,
        count({{ column_name }}) as known_count
    from {{ model }}
)

select * from counted
where known_count < (1 - {{ unknown_share }}) * row_count
{% endtest %}
