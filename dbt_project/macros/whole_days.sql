{# The newest whole day whose figures have arrived: every span ends there. #}
{% macro newest_day() -%}
    (select max(day) from {{ ref('calendar') }} where has_arrived)
{%- endmacro %}

{# What a column adds up to from so many days before the open day to so many before it. #}
{% macro sum_of_whole_days(column, first, last) -%}
    cast(coalesce(sum(
        case
            when
                activity_date >= {{ days_before('open_day', first) }}
                and activity_date < {{ days_before('open_day', last) }}
                then {{ column }}
        end
    ), 0) as bigint)
{%- endmacro %}
