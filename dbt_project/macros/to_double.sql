{# JSON's own number syntax, so NaN and infinities are null, and nothing overflows. #}
{% macro to_double(text) -%}
    case
        when {{ matches(text, '^-?[0-9]{1,20}([.][0-9]{1,40})?([eE][-+]?[0-9]{1,2})?$') }}
            then cast({{ text }} as double)
    end
{%- endmacro %}
