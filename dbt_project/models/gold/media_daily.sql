{%- set counts = [
    'event_count', 'visitor_count', 'known_count', 'quarter_count', 'half_count',
    'three_quarter_count', 'end_count',
] %}

with measured as (
    select
        media_id,
        activity_date,
        count(*) as event_count,
        count(distinct visitor_key) as visitor_count,
        count(percent_viewed) as known_count,
        count(case when percent_viewed >= 0.25 then 1 end) as quarter_count,
        count(case when percent_viewed >= 0.5 then 1 end) as half_count,
        count(case when percent_viewed >= 0.75 then 1 end) as three_quarter_count,
        count(case when percent_viewed >= 1 then 1 end) as end_count,
        {{ whole_sum('watched_seconds', 1000) }} as watched_ms,
        max(ingested_at) as ingested_at
    from {{ ref('fact_plays') }}
    group by media_id, activity_date
),

joined as (
    select
        coalesce(measured.media_id, reported.media_id) as media_id,
        coalesce(measured.activity_date, reported.activity_date) as activity_date,
        reported.load_count as reported_load_count,
        reported.play_count as reported_play_count,
        reported.reported_hours_watched,
        {% for name in counts %}measured.{{ name }},
        {% endfor -%}
        measured.watched_ms,
        reported.snapshot_ts,
        measured.ingested_at,
        min(measured.activity_date) over () as first_event_date,
        max(measured.activity_date) over () as last_event_date
    from measured
    full outer join {{ ref('fact_media_daily') }} as reported
        on
            measured.media_id = reported.media_id
            and measured.activity_date = reported.activity_date
),

-- Without an event a day has none for certain only between days that have some, or
-- where Wistia reports no play: else it is not known what was watched.
known as (
    select
        *,
        case
            when
                event_count is null
                and (
                    activity_date between first_event_date and last_event_date
                    or reported_play_count = 0
                )
                then 0
        end as no_event
    from joined
),

compared as (
    select
        media_id,
        activity_date,
        reported_load_count,
        reported_play_count,
        reported_hours_watched,
        {% for name in counts %}coalesce({{ name }}, no_event) as {{ name }},
        {% endfor -%}
        coalesce(watched_ms, no_event) / 3600000.0 as hours_watched,
        coalesce(event_count, no_event) - reported_play_count as play_difference,
        snapshot_ts,
        ingested_at
    from known
)

select
    media_id,
    activity_date,
    reported_load_count,
    reported_play_count,
    reported_hours_watched,
    {% for name in counts %}{{ name }},
    {% endfor -%}
    hours_watched,
    play_difference,
    {{ difference_reason() }} as difference_reason,
    {{ stored_timestamp('snapshot_ts') }} as snapshot_ts,
    {{ stored_timestamp('ingested_at') }} as ingested_at
from compared
