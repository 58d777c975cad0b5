{{ config(materialized='table', ha=true) }}

with runs as (
    -- Only what no later stage changes: two builds of one lake give the same rows.
    select
        run_id,
        code_version,
        ingest
    from {{ source('bronze', 'runs') }}
),

typed as (
    select
        {{ blank_to_null('run_id') }} as run_id,
        {{ to_timestamp('ingest.started_at') }} as started_at,
        {{ to_timestamp('ingest.finished_at') }} as finished_at,
        {{ blank_to_null('ingest.state') }} as state,
        {{ blank_to_null('code_version') }} as code_version,
        {{ to_integer('ingest.requests') }} as request_count,
        {{ to_integer('ingest.records') }} as record_count,
        {{ to_integer('ingest.unchanged') }} as unchanged_count,
        {{ to_integer('ingest.quarantined') }} as quarantined_count,
        {{ to_integer('ingest.visitors') }} as visitor_count,
        {{ to_timestamp('ingest.newest_visitor_at') }} as newest_visitor_at
    from runs
)

select
    run_id,
    {{ stored_timestamp('started_at') }} as started_at,
    {{ stored_timestamp('finished_at') }} as finished_at,
    {{ seconds_between('started_at', 'finished_at') }} as duration_seconds,
    state,
    code_version,
    request_count,
    record_count,
    unchanged_count,
    quarantined_count,
    visitor_count,
    {{ stored_timestamp('newest_visitor_at') }} as newest_visitor_at
from typed
where run_id is not null and finished_at is not null
