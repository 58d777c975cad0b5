{# Wistia makes hours_watched of engagement, plays and duration. The tolerance is what an
   engagement rounded to 6 digits and a duration rounded to milliseconds can be off. #}
{% test hours_from_engagement(model, durations) %}
with expected as (
    select
        media.media_id,
        media.hours_watched,
        media.engagement * media.play_count * durations.duration_seconds / 3600.0
            as hours_expected,
        media.play_count * (5e-7 * durations.duration_seconds + 5e-4) / 3600.0 + 1e-6
            as tolerance
    from {{ model }} as media
    inner join {{ durations }} as durations
        on media.media_id = durations.media_id
)

select * from expected
where abs(hours_watched - hours_expected) > tolerance
{% endtest %}
