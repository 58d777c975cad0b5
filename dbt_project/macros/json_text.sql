{# A field's text out of an object that is text; null where there is none, or the object is
   none. Objects and lists have no text. #}
{% macro json_text(object, field) -%}
    {{ return(adapter.dispatch('json_text')(object, field)) }}
{%- endmacro %}

{% macro athena__json_text(object, field) -%}
    json_extract_scalar({{ object }}, '$.{{ field }}')
{%- endmacro %}

{% macro duckdb__json_text(object, field) -%}
    case
        when
            json_valid({{ object }})
            and json_type({{ object }}, '$.{{ field }}') not in ('OBJECT', 'ARRAY')
            then json_extract_string({{ object }}, '$.{{ field }}')
    end
{%- endmacro %}
