{# How often two counts that have the same mean differ as much as these by chance. #}
{% macro chance_of_change(now, before) -%}
    {{ two_tails(
        "(abs(" ~ now ~ " - " ~ before ~ ") / sqrt(cast(nullif(" ~ now ~ " + " ~ before ~ ", 0) as double)))"
    ) }}
{%- endmacro %}

{# What is left of a normal curve beyond z on both sides, 0 to 1 in four digits: by Abramowitz
   and Stegun's 26.2.16, which is right to 0.00002. No engine has the other's function. #}
{% macro two_tails(z) -%}
    {%- set t = "(1 / (1 + 0.33267e0 * " ~ z ~ "))" -%}
    round(
        2 * exp(-{{ z }} * {{ z }} / 2) / sqrt(2 * pi()) * {{ t }}
        * (0.4361836e0 + {{ t }} * (-0.1201676e0 + 0.937298e0 * {{ t }})),
        4
    )
{%- endmacro %}

{# How far two shares of counts are apart, in standard errors: the two-proportion test. #}
{% macro z_of_shares(count_one, of_one, count_other, of_other) -%}
    {%- set pooled = "(cast(" ~ count_one ~ " + " ~ count_other ~ " as double) / nullif(" ~ of_one ~ " + " ~ of_other ~ ", 0))" -%}
    (
        (cast({{ count_one }} as double) / nullif({{ of_one }}, 0)
        - cast({{ count_other }} as double) / nullif({{ of_other }}, 0))
        / nullif(sqrt(
            {{ pooled }} * (1 - {{ pooled }})
            * (1e0 / nullif({{ of_one }}, 0) + 1e0 / nullif({{ of_other }}, 0))
        ), 0)
    )
{%- endmacro %}
