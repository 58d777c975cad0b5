{{ config(materialized='table', ha=true) }}

with runs as (
    select
        run_id,
        started_at,
        finished_at,
        duration_seconds,
        state,
        code_version,
        request_count,
        record_count,
        unchanged_count,
        quarantined_count,
        visitor_count,
        newest_visitor_at,
        fetched_count,
        new_visitor_count,
        returning_visitor_count,
        built_row_count,
        test_count,
        scanned_bytes,
        cost_usd,
        build_seconds,
        publish_seconds,
        total_seconds
    from {{ ref('fact_runs') }}
),

ranked as (
    select
        *,
        row_number() over (order by finished_at desc, run_id desc) as newest_first
    from runs
)

select
    run_id,
    {{ stored_timestamp('started_at') }} as started_at,
    {{ stored_timestamp('finished_at') }} as finished_at,
    duration_seconds,
    state,
    code_version,
    request_count,
    record_count,
    unchanged_count,
    quarantined_count,
    visitor_count,
    {{ stored_timestamp('newest_visitor_at') }} as newest_visitor_at,
    fetched_count,
    new_visitor_count,
    returning_visitor_count,
    built_row_count,
    test_count,
    scanned_bytes,
    cost_usd,
    build_seconds,
    publish_seconds,
    total_seconds
from ranked
where newest_first <= 60
