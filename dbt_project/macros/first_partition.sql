{# Fetched before the model runs and printed as a literal: neither engine prunes files by
   a subquery with certainty. In a unit test `this` is the name of a CTE, a text. #}
{% macro first_partition(column) -%}
    {%- set newest = namespace(at=none) -%}
    {%- if execute and this is not string -%}
        {%- set result = run_query('select max(' ~ column ~ ') as newest_at from ' ~ this) -%}
        {%- if result and result.rows and result.rows[0] | length -%}
            {%- set newest.at = result.rows[0][0] -%}
        {%- endif -%}
    {%- endif -%}
    {%- if newest.at -%}
        {%- set late = modules.datetime.timedelta(days=var('late_partition_days') | int) -%}
        '{{ (newest.at - late).strftime('%Y-%m-%d') }}'
    {%- else -%}
        '0001-01-01'
    {%- endif -%}
{%- endmacro %}
