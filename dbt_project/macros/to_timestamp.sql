{% macro to_timestamp(text) -%}
    case
        when {{ matches(text, plain_time_pattern()) }}
            then {{ adapter.dispatch('to_timestamp')(text) }}
        when {{ matches(text, time_pattern()) }}
            then {{ adapter.dispatch('to_timestamp')(plain_time(text)) }}
    end
{%- endmacro %}

{# from_iso8601_timestamp keeps milliseconds and raises on a 30th of February. #}
{% macro athena__to_timestamp(text) -%}
    cast(at_timezone(try(from_iso8601_timestamp({{ text }})), 'UTC') as timestamp(3))
{%- endmacro %}

{# try_cast(… as timestamp) would drop an offset without a word: by way of timestamptz. Its
   microseconds are UTC's; to ask for that zone would take four times as long. #}
{% macro duckdb__to_timestamp(text) -%}
    date_trunc('millisecond', make_timestamp(epoch_us(try_cast({{ text }} as timestamptz))))
{%- endmacro %}

{# A time of another spelling as both engines read it: each part by its place, and in its
   stead what it means where it is missing. No match is '' to DuckDB and null to Trino. #}
{% macro plain_time(text) -%}
    {%- set part = "coalesce(nullif(regexp_extract(" ~ text ~ ", '{}', 1), ''), '{}')" -%}
    substr({{ text }}, 1, 10) || 'T'
    || {{ part.format('^.{11}(.....)', '00:00') }}
    || replace({{ part.format('^.{16}(:[0-9.,]+)', ':00') }}, ',', '.')
    || coalesce(
        nullif(regexp_extract({{ text }}, '^.{16}[^-+]*([-+]..)', 1), '')
        || {{ part.format('^.{16}[^-+]*[-+]..:?([0-9]{2})$', '00') }},
        'Z'
    )
{%- endmacro %}
