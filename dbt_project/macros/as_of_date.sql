{# --vars reads 2026-01-09 as a date, an environment gives text: both are right. #}
{% macro as_of_date() -%}
    {%- set day = var('AS_OF_DATE') | string or run_started_at.strftime('%Y-%m-%d') -%}
    {%- if not modules.re.match('^[0-9]{4}-[0-9]{2}-[0-9]{2}$', day) -%}
        {{ exceptions.raise_compiler_error(
            "AS_OF_DATE is '" ~ day ~ "': give it as YYYY-MM-DD, or leave it out for today"
        ) }}
    {%- endif -%}
    cast('{{ day }}' as date)
{%- endmacro %}
