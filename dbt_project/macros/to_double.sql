{# JSON's own number syntax, so NaN and infinities are null, and nothing overflows. #}
{% macro to_double(text) -%}
    case
        when {{ matches(text, number_pattern()) }}
            then try_cast({{ text }} as double)
    end
{%- endmacro %}
