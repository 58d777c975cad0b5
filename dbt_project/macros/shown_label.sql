{# What the pages call a browser or platform: the seed's name, Other where it has none,
   Unknown where Wistia said nothing. #}
{% macro shown_label(raw_label, label) -%}
    case when {{ raw_label }} is null then 'Unknown' else coalesce({{ label }}, 'Other') end
{%- endmacro %}
