{%- set reported = ['load_count', 'play_count'] %}
{%- set told = [
    'event_count', 'known_count', 'quarter_count', 'half_count', 'three_quarter_count',
    'end_count', 'conversion_count', 'watched_ms',
] %}

with spans as (
    select *
    from {{ ref('spans') }}
    where is_whole or period = 'now'
),

conversions as (
    select
        media_id,
        activity_date,
        count(conversion_type) as conversion_count
    from {{ ref('fact_plays') }}
    group by media_id, activity_date
),

days as (
    select
        daily.media_id,
        daily.activity_date,
        daily.reported_load_count as load_count,
        coalesce(daily.reported_play_count, daily.event_count) as play_count,
        daily.event_count,
        daily.known_count,
        daily.quarter_count,
        daily.half_count,
        daily.three_quarter_count,
        daily.end_count,
        coalesce(
            conversions.conversion_count, case when daily.event_count >= 0 then 0 end
        ) as conversion_count,
        cast(round(daily.hours_watched * 3600000) as bigint) as watched_ms
    from {{ ref('media_daily') }} as daily
    left join conversions
        on
            daily.media_id = conversions.media_id
            and daily.activity_date = conversions.activity_date
),

by_video as (
    select
        spans.span,
        spans.period,
        {% for name in reported + told %}
            cast(sum(days.{{ name }}) as bigint) as {{ name }},
        {% endfor %}
        coalesce(days.media_id, 'All') as media_id
    from days
    inner join spans
        on days.activity_date between spans.first_day and spans.last_day
    group by grouping sets ( -- noqa: PRS,RF02
        (spans.span, spans.period, days.media_id), (spans.span, spans.period)
    )
),

-- People are counted again for each period: days do not add up. Earlier ones are left
-- out, since each would be a pass over all plays.
viewers as (
    select
        spans.span,
        spans.period,
        coalesce(plays.media_id, 'All') as media_id,
        count(distinct plays.visitor_key) as viewer_count
    from {{ ref('fact_plays') }} as plays
    inner join spans
        on plays.activity_date between spans.first_day and spans.last_day
    where spans.periods_back <= 1 or spans.period = 'year'
    group by grouping sets ( -- noqa: PRS,RF02
        (spans.span, spans.period, plays.media_id), (spans.span, spans.period)
    )
)

select
    by_video.span,
    by_video.period,
    by_video.media_id,
    {% for name in reported + told if name != 'watched_ms' %}
        by_video.{{ name }},
    {% endfor %}
    cast(by_video.watched_ms as double) / 3600000 as hours_watched,
    case
        when spans.periods_back > 1 then null
        else coalesce(
            viewers.viewer_count, case when by_video.event_count = 0 then 0 end
        )
    end as viewer_count
from by_video
inner join spans
    on by_video.span = spans.span and by_video.period = spans.period
left join viewers
    on
        by_video.span = viewers.span
        and by_video.period = viewers.period
        and by_video.media_id = viewers.media_id
