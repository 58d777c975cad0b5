{# JSON's two words only: DuckDB's own cast takes 'yes' and '1' too. #}
{% macro to_boolean(text) -%}
    case {{ text }} when 'true' then true when 'false' then false end
{%- endmacro %}
