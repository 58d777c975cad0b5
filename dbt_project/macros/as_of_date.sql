{# Read only when a model runs: a value that dbt sees while it parses makes it parse the
   models again whenever it changes, four seconds a day. The tag is how a build knows what
   another day changes. The last comparison refuses a 30th of February. #}
{% macro as_of_date() -%}
    {%- do config(tags='as_of_date') -%}
    {%- set given = env_var('AS_OF_DATE', '') if execute else '' -%}
    {%- set day = given or run_started_at.strftime('%Y-%m-%d') -%}
    {%- set is_day = modules.re.match('^[12][0-9]{3}-(0[1-9]|1[0-2])-[0-3][0-9]$', day) -%}
    {%- if is_day -%}
        {%- set first = modules.datetime.date(day[:4] | int, day[5:7] | int, 1) -%}
        {%- set days = modules.datetime.timedelta(days=day[8:] | int - 1) -%}
        {%- set is_day = (first + days).isoformat() == day -%}
    {%- endif -%}
    {%- if not is_day -%}
        {{ exceptions.raise_compiler_error(
            "AS_OF_DATE is '" ~ day ~ "': give it as YYYY-MM-DD, or leave it out for today"
        ) }}
    {%- endif -%}
    cast('{{ day }}' as date)
{%- endmacro %}
