{# What silver makes of a key's text in bronze: its own value, or null where it reads none. #}
{% macro read_key(read, text) -%}
    {%- if read == 'time' -%} {{ to_timestamp(text) }}
    {%- elif read == 'date' -%} {{ to_date(text) }}
    {%- else -%} {{ blank_to_null(text) }}
    {%- endif -%}
{%- endmacro %}
