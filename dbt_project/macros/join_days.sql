{% macro join_days(first, last) -%}
    {{ return(adapter.dispatch('join_days')(first, last)) }}
{%- endmacro %}

{# sequence() fails where it would have to count backwards: such a range has no day. #}
{% macro athena__join_days(first, last) -%}
    cross join unnest(
        case when {{ first }} <= {{ last }} then sequence({{ first }}, {{ last }}) end
    ) as spine (day)
{%- endmacro %}

{% macro duckdb__join_days(first, last) -%}
    cross join lateral (
        select
            cast(
                unnest(generate_series({{ first }}, {{ last }}, interval 1 day)) as date
            ) as day
    ) as spine
{%- endmacro %}
