{% macro join_cells(first, second) -%}
    {{ return(adapter.dispatch('join_cells')(first, second)) }}
{%- endmacro %}

{% macro athena__join_cells(first, second) -%}
    left join unnest({{ first }}, {{ second }}) with ordinality
        as cells (first_value, second_value, cell_number) on true
{%- endmacro %}

{% macro duckdb__join_cells(first, second) -%}
    left join lateral (
        select
            unnest({{ first }}) as first_value,
            unnest({{ second }}) as second_value,
            unnest(
                generate_series(1, greatest(len({{ first }}), len({{ second }})))
            ) as cell_number
    ) as cells on true
{%- endmacro %}
