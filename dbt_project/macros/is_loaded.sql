{# SQL of whether a model reads a row of bronze. `wistia-elt build` hands over, by resource,
   the partitions that differ from what the last good build had read, and the files that no
   manifest lists. Both are printed as literals, since neither engine prunes files by a
   subquery with certainty. Without it (dbt by hand), and in a full refresh, all is read. #}
{% macro is_loaded(resource) -%}
    {%- set plan = build_plan(resource) -%}
    {%- set days = plan.days if plan and is_incremental() else none -%}
    {{ in_days(days) }} and {{ not_passed_over(resource) }}
{%- endmacro %}

{% macro is_counted(resource) -%}
    {%- set plan = build_plan(resource) -%}
    {{ in_days(plan.counted if plan else none) }} and {{ not_passed_over(resource) }}
{%- endmacro %}

{# Read only when a model runs, as AS_OF_DATE is. #}
{% macro build_plan(resource) -%}
    {%- set handed = env_var('BRONZE_READ', '') if execute else '' -%}
    {{ return(fromjson(handed)[resource] if handed else none) }}
{%- endmacro %}

{% macro in_days(days) -%}
    {%- if days is none -%} 1 = 1
    {%- elif not days -%} 1 = 0
    {%- else -%} ingest_date in ('{{ days | join("', '") }}')
    {%- endif -%}
{%- endmacro %}

{# Only Athena reads whatever lies in a partition; DuckDB's views list their files. #}
{% macro not_passed_over(resource) -%}
    {%- set plan = build_plan(resource) -%}
    {%- set files = plan.passed_over if plan else [] -%}
    {%- if files -%} "$path" not in ('{{ files | join("', '") }}')
    {%- else -%} 1 = 1
    {%- endif -%}
{%- endmacro %}
