with plays as (
    -- Up to the newest whole day, as every span: an Active one played in the last 7.
    select
        *,
        {{ newest_day() }} as newest_day
    from {{ ref('fact_plays') }}
    where activity_date <= {{ newest_day() }}
),

newest_plays as (
    {{ first_of_each('plays', ['visitor_key'], ['received_at desc', 'event_key asc']) }}
),

measured as (
    select
        visitor_key,
        min(activity_date) as first_play_date,
        max(activity_date) as last_play_date,
        count(distinct activity_date) as play_day_count,
        count(*) as event_count,
        count(distinct media_id) as watched_media_count,
        {{ days_between('max(activity_date)', 'max(newest_day)') }} as recency_days,
        max(ingested_at) as ingested_at
    from plays
    group by visitor_key
)

select
    measured.visitor_key,
    measured.first_play_date,
    measured.last_play_date,
    measured.play_day_count,
    measured.event_count,
    measured.watched_media_count,
    measured.recency_days,
    case
        when measured.recency_days < 7 then 'Active'
        when measured.recency_days < 30 then 'Recent'
        when measured.recency_days < 90 then 'Lapsing'
        else 'Lapsed'
    end as recency_group,
    case
        when measured.play_day_count = 1 then '1 day'
        when measured.play_day_count = 2 then '2 days'
        when measured.play_day_count <= 4 then '3-4 days'
        when measured.play_day_count <= 9 then '5-9 days'
        else '10 or more'
    end as frequency_band,
    events.platform,
    events.browser,
    newest_plays.device,
    {{ stored_timestamp('measured.ingested_at') }} as ingested_at
from measured
inner join newest_plays
    on measured.visitor_key = newest_plays.visitor_key
inner join {{ ref('fact_events') }} as events
    on newest_plays.event_key = events.event_key
