{# Texts, whole numbers and booleans only: doubles print differently on the engines. A
   timestamp goes in as its milliseconds. Blank and null must not look alike, nor 'a', 'bc'
   like 'ab', 'c': nulls are a control character, another one stands between. #}
{% macro row_digest(columns, timestamps=[]) -%}
    {%- set parts = [] -%}
    {%- for column in columns -%}
        {%- do parts.append('coalesce(cast(' ~ column ~ ' as varchar), chr(30))') -%}
    {%- endfor -%}
    {%- for column in timestamps -%}
        {%- set since = "date_diff('millisecond', timestamp '1970-01-01 00:00:00', " -%}
        {%- do parts.append(
            'coalesce(cast(' ~ since ~ column ~ ') as varchar), chr(30))'
        ) -%}
    {%- endfor -%}
    {{ dbt.hash(parts | join(' || chr(31) || ')) }}
{%- endmacro %}
