{# dbt's own rule puts the profile's schema in front: main_silver. Ours are silver and
   gold as they stand, behind GLUE_DATABASE_PREFIX where databases share a catalogue. #}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {%- set name = custom_schema_name or target.schema -%}
    {%- if custom_schema_name and target.type == 'athena' -%}
        {{ env_var('GLUE_DATABASE_PREFIX', '') ~ name }}
    {%- else -%}
        {{ name }}
    {%- endif -%}
{%- endmacro %}
