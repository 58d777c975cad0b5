{# Whoever viewed has played: more viewers than plays with details would be two words for one
   thing. #}
{% test viewers_at_most_plays(model) %}
    with counted as (
        select * from {{ model }}
    )

    select * from counted
    where viewer_count > event_count
{% endtest %}
