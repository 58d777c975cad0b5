{# Why a day's events and what Wistia reports of it differ; hours differ always, see
   media_daily. #}
{% macro difference_reason() -%}
    case
        when play_difference is null then 'Wistia has not reported the day'
        when play_difference = 0 then 'none'
        when event_count = 0
            then 'no events: older than Wistia keeps them, or not read'
        when play_difference < 0
            then 'plays without an event, or one that came on another day'
        else 'events that came on another day than their plays'
    end
{%- endmacro %}
