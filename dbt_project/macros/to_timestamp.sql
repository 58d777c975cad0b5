{% macro to_timestamp(text) -%}
    case
        when {{ matches(text, iso_timestamp_pattern()) }}
            then {{ adapter.dispatch('to_timestamp')(text) }}
    end
{%- endmacro %}

{# from_iso8601_timestamp keeps milliseconds and raises on a 30th of February. #}
{% macro athena__to_timestamp(text) -%}
    cast(at_timezone(try(from_iso8601_timestamp({{ text }})), 'UTC') as timestamp(3))
{%- endmacro %}

{# try_cast(… as timestamp) would drop an offset without a word: by way of timestamptz. #}
{% macro duckdb__to_timestamp(text) -%}
    date_trunc('millisecond', timezone('UTC', try_cast({{ text }} as timestamptz)))
{%- endmacro %}

{# What both engines read alike. Offsets end at 14:00, where Trino's do. #}
{% macro iso_timestamp_pattern() -%}
    {%- set date = '^(19|20)[0-9]{2}-[0-9]{2}-[0-9]{2}T' -%}
    {%- set time = '([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,9})?' -%}
    {%- set zone = '(Z|[-+]((0[0-9]|1[0-3]):?[0-5][0-9]|14:?00))?$' -%}
    {{ return(date ~ time ~ zone) }}
{%- endmacro %}
