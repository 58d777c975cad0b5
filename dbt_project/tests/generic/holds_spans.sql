{# Every span that has begun is in the table with the plays that its days have: nothing that has
   arrived is lost on the way to a page. Of a span whose days tell nothing there is nothing to lose,
   as of the silent week of an account that has plays alone. #}
{% test holds_spans(model) %}
    with days as (
        select
            spans.span,
            spans.period,
            cast(sum(calendar.play_count) as bigint) as play_count
        from {{ ref('spans') }} as spans
        inner join {{ ref('calendar') }} as calendar
            on calendar.day between spans.first_day and spans.last_day
        where spans.is_whole or spans.period = 'now'
        group by spans.span, spans.period
    )

    select
        days.span,
        days.period,
        days.play_count,
        totals.play_count as found
    from days
    left join {{ model }} as totals
        on days.span = totals.span and days.period = totals.period and totals.media_id = 'All'
    where
        (totals.span is null and days.play_count is not null)
        or coalesce(totals.play_count, 0) <> coalesce(days.play_count, 0)
{% endtest %}
