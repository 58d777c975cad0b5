{# Every whole day that has figures is in the calendar. #}
{% test holds_days(model) %}
    with days as (
        select
            activity_date,
            {{ open_day() }} as open_day
        from {{ ref('media_daily') }}
    )

    select days.activity_date
    from days
    left join {{ model }} as calendar
        on days.activity_date = calendar.day
    where days.activity_date < days.open_day and calendar.day is null
{% endtest %}
