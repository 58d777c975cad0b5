{# How often two counts that have the same mean differ as much as these by chance, 0 to 1 in four
   digits: the two tails of a normal curve at |a - b| / sqrt(a + b), by Abramowitz and Stegun's
   26.2.16, which is right to 0.00002. No engine has the other's function. #}
{% macro chance_of_change(now, before) -%}
    {%- set z = "(abs(" ~ now ~ " - " ~ before ~ ") / sqrt(cast(nullif(" ~ now ~ " + " ~ before ~ ", 0) as double)))" -%}
    {%- set t = "(1 / (1 + 0.33267e0 * " ~ z ~ "))" -%}
    round(
        2 * exp(-{{ z }} * {{ z }} / 2) / sqrt(2 * pi()) * {{ t }}
        * (0.4361836e0 + {{ t }} * (-0.1201676e0 + 0.937298e0 * {{ t }})),
        4
    )
{%- endmacro %}
