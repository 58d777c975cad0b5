{# play_rate is unique plays over visitors, so play_rate * visitors is a whole number. The
   tolerance is what a rate rounded to 6 digits can be off. #}
{% test whole_plays(model) %}
with unique_plays as (
    select
        media_id,
        snapshot_ts,
        visitors,
        play_rate * visitors as play_count
    from {{ model }}
)

select * from unique_plays
where abs(play_count - round(play_count)) > 5e-7 * visitors + 1e-6
{% endtest %}
