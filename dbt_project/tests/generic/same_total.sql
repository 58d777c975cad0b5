{# Fails when an aggregate over the model differs from one over another relation: rows
   lost or doubled between two layers. Null and 0 are the same total. #}
{% test same_total(model, expression, of, of_expression=none) %}
with totals as (
    select
        (select coalesce({{ expression }}, 0) from {{ model }}) as here,
        (select coalesce({{ of_expression or expression }}, 0) from {{ of }}) as there
)

select * from totals
where here <> there
{% endtest %}
