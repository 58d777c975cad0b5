{# A UTC timestamp on the clock of the account's zone, where days are counted as Wistia does. #}
{% macro local_time(timestamp) -%}
    {{ return(adapter.dispatch('local_time')(timestamp)) }}
{%- endmacro %}

{% macro athena__local_time(timestamp) -%}
    cast(
        at_timezone(
            with_timezone({{ timestamp }}, 'UTC'), '{{ account_time_zone() }}'
        ) as timestamp
    )
{%- endmacro %}

{% macro duckdb__local_time(timestamp) -%}
    timezone('{{ account_time_zone() }}', make_timestamptz(epoch_us({{ timestamp }})))
{%- endmacro %}

{% macro local_date(timestamp) -%}
    cast({{ local_time(timestamp) }} as date)
{%- endmacro %}

{% macro account_time_zone() -%}
    {%- set zone = env_var('WISTIA_TIME_ZONE', 'America/New_York') -%}
    {%- if not modules.re.match('^[A-Za-z0-9_+/-]+$', zone) -%}
        {{ exceptions.raise_compiler_error("WISTIA_TIME_ZONE is '" ~ zone ~ "': give a name like Europe/Berlin") }}
    {%- endif -%}
    {{ zone }}
{%- endmacro %}

{# The account's day that is not over yet: the newest run's, or AS_OF_DATE where that lies
   before it. The days before it are whole. #}
{% macro open_day() -%}
    (
        select
            case
                when {{ local_date('max(runs.started_at)') }} < {{ as_of_date() }}
                    then {{ local_date('max(runs.started_at)') }}
                else {{ as_of_date() }}
            end
        from {{ ref('fact_runs') }} as runs
    )
{%- endmacro %}
