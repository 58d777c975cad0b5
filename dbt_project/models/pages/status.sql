with media as (
    select
        count(*) as media_count,
        cast(sum(play_count) as bigint) as media_play_count,
        max(snapshot_ts) as newest_snapshot_at
    from {{ ref('fact_media') }}
),

account as (
    select max(case when newest_first = 1 then play_count end) as account_play_count
    from (
        select
            play_count,
            row_number() over (order by snapshot_ts desc) as newest_first
        from {{ ref('fact_account') }}
    ) as readings
),

visitors as (
    select
        count(*) as visitor_count,
        -- A visitor of the years to come says nothing of how fresh the data is.
        max(case
            when
                cast(last_active_at as date) < {{ days_before(as_of_date(), -2) }}
                then last_active_at
        end) as newest_visitor_at
    from {{ ref('fact_visitors') }}
),

leads as (
    select count(*) as identified_visitor_count
    from {{ ref('leads') }}
),

runs as (
    select
        count(*) as run_count,
        cast(coalesce(sum(quarantined_count), 0) as bigint) as quarantined_count,
        max(case when state = 'completed' then finished_at end) as newest_run_at
    from {{ ref('fact_runs') }}
),

calendar as (
    select
        min(day) as first_day,
        max(day) as last_whole_day,
        max(case when has_arrived then day end) as newest_day
    from {{ ref('calendar') }}
),

plays as (
    select max(received_at) as newest_play_at
    from {{ ref('fact_plays') }}
)

select
    {{ as_of_date() }} as as_of_date,
    media.media_count,
    media.media_play_count,
    account.account_play_count,
    visitors.visitor_count,
    leads.identified_visitor_count,
    runs.run_count,
    runs.quarantined_count,
    {{ stored_timestamp('runs.newest_run_at') }} as newest_run_at,
    {{ stored_timestamp('media.newest_snapshot_at') }} as newest_snapshot_at,
    {{ stored_timestamp('visitors.newest_visitor_at') }} as newest_visitor_at,
    {{ stored_timestamp('plays.newest_play_at') }} as newest_play_at,
    calendar.first_day,
    calendar.newest_day,
    calendar.last_whole_day,
    '{{ account_time_zone() }}' as time_zone
from media
cross join account
cross join visitors
cross join leads
cross join runs
cross join calendar
cross join plays
