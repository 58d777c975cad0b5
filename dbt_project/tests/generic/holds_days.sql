{# Every whole day that has figures is in the calendar; days after its last are another day's
   build. #}
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
    where
        calendar.day is null
        and days.activity_date <= coalesce(
            (select max(day) from {{ model }}), {{ days_before('days.open_day', 1) }}
        )
{% endtest %}
