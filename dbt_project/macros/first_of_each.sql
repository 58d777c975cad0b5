{# The first row of each key, in an order without ties: every column of `rows`, where the key and
   what else is `required` is known. #}
{% macro first_of_each(rows, key, order, required=[]) -%}
    {%- set known = (key + required) | join(' is not null and ') ~ ' is not null' -%}
    {{ return(adapter.dispatch('first_of_each')(
        rows, key | join(', '), order | join(', '), known
    )) }}
{%- endmacro %}

{% macro athena__first_of_each(rows, key, order, known) -%}
    select * from (
        select *, row_number() over (partition by {{ key }} order by {{ order }}) as place
        from {{ rows }}
        where {{ known }}
    )
    where place = 1
{%- endmacro %}

{# Most rows have no rival, and to sort them takes longer than to count them. Athena would read
   bronze again for each time that `rows` is named. #}
{% macro duckdb__first_of_each(rows, key, order, known) -%}
    with rivals as (
        select {{ key }} from {{ rows }} where {{ known }} group by all having count(*) > 1
    )

    select {{ rows }}.*, 1 as place
    from {{ rows }} anti join rivals using ({{ key }})
    where {{ known }}
    union all
    select
        {{ rows }}.*,
        row_number() over (partition by {{ key }} order by {{ order }}) as place
    from {{ rows }} semi join rivals using ({{ key }})
    where {{ known }}
    qualify place = 1
{%- endmacro %}
