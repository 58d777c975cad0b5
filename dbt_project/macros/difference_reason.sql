{# Why a day's events and what Wistia reports of it differ; hours differ always, see
   media_daily. #}
{% macro difference_reason() -%}
    case
        when reported_play_count is null then 'Wistia has not reported the day'
        when event_count is null
            then 'no events: older than Wistia keeps them, or not read'
        when play_difference = 0 then 'none'
        when play_difference < 0
            then 'plays without an event, or one that came on another day'
        else 'events that came on another day than their plays'
    end
{%- endmacro %}
