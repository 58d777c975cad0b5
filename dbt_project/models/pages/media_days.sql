{{ config(materialized='table', ha=true) }}

with snapshots as (
    select
        media_id,
        load_count,
        play_count,
        play_rate,
        hours_watched,
        engagement,
        visitors,
        snapshot_ts,
        cast(snapshot_ts as date) as snapshot_date
    from {{ ref('fact_media_history') }}
),

ranked as (
    select
        *,
        row_number() over (
            partition by media_id, snapshot_date
            order by snapshot_ts desc
        ) as newest_first
    from snapshots
),

-- A day's figures hold until the day of the next snapshot: an unchanged answer does not
-- land, and a day without a run has none.
periods as (
    select
        *,
        {{ days_before(
            'lead(snapshot_date) over (partition by media_id order by snapshot_date)', 1
        ) }} as last_date
    from ranked
    where newest_first = 1
),

-- The day the pages speak of; snapshots of a later day, where AS_OF_DATE lies back,
-- are not left out.
bounds as (
    select
        case
            when max(snapshot_date) > {{ as_of_date() }} then max(snapshot_date)
            else {{ as_of_date() }}
        end as newest_date
    from snapshots
),

bounded as (
    select
        periods.*,
        coalesce(periods.last_date, bounds.newest_date) as until_date,
        {{ days_before('bounds.newest_date', var('days_on_pages')) }} as before_date
    from periods
    cross join bounds
),

daily as (
    select
        bounded.*,
        spine.day
    from bounded
    {{ join_days('bounded.snapshot_date', 'bounded.until_date') }}
),

gained as (
    select
        *,
        play_count - lag(play_count) over (
            partition by media_id order by day
        ) as plays_gained,
        hours_watched - lag(hours_watched) over (
            partition by media_id order by day
        ) as hours_gained
    from daily
)

select
    media_id,
    day,
    load_count,
    play_count,
    cast(round(play_rate * visitors) as bigint) as unique_play_count,
    hours_watched,
    engagement,
    visitors,
    plays_gained,
    hours_gained,
    snapshot_date
from gained
where day > before_date
