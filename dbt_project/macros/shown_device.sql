{# Wistia says mobile false also where it said nothing of the device: no platform, no
   answer. #}
{% macro shown_device(mobile, raw_platform) -%}
    case
        when {{ mobile }} then 'Mobile'
        when {{ mobile }} = false and {{ raw_platform }} is not null then 'Desktop'
        else 'Unknown'
    end
{%- endmacro %}
