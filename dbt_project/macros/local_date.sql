{% macro local_date(timestamp) -%}
    {{ return(adapter.dispatch('local_date')(timestamp)) }}
{%- endmacro %}

{% macro athena__local_date(timestamp) -%}
    cast(
        at_timezone(
            with_timezone({{ timestamp }}, 'UTC'), '{{ account_time_zone() }}'
        ) as date
    )
{%- endmacro %}

{% macro duckdb__local_date(timestamp) -%}
    cast(
        timezone('{{ account_time_zone() }}', timezone('UTC', {{ timestamp }})) as date
    )
{%- endmacro %}

{# Days as Wistia counts them; of another zone all incremental tables are other ones. #}
{% macro account_time_zone() -%}
    {%- set zone = env_var('WISTIA_TIME_ZONE', 'America/New_York') -%}
    {%- if not modules.re.match('^[A-Za-z0-9_+/-]+$', zone) -%}
        {{ exceptions.raise_compiler_error("WISTIA_TIME_ZONE is '" ~ zone ~ "': give a name like Europe/Berlin") }}
    {%- endif -%}
    {{ zone }}
{%- endmacro %}
