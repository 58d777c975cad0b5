with ranked as (
    select
        run_id,
        row_number() over (order by finished_at desc, run_id desc) as newest_first
    from {{ ref('fact_runs') }}
)

select
    runs.run_id,
    {{ stored_timestamp('runs.started_at') }} as started_at,
    {{ stored_timestamp('runs.finished_at') }} as finished_at,
    runs.duration_seconds,
    runs.state,
    runs.code_version,
    runs.request_count,
    runs.record_count,
    runs.unchanged_count,
    runs.quarantined_count,
    runs.visitor_count,
    {{ stored_timestamp('runs.newest_visitor_at') }} as newest_visitor_at,
    runs.fetched_count,
    runs.new_visitor_count,
    runs.returning_visitor_count,
    runs.built_row_count,
    runs.test_count,
    runs.scanned_bytes,
    runs.cost_usd,
    runs.build_seconds,
    runs.publish_seconds,
    runs.total_seconds
from {{ ref('fact_runs') }} as runs
inner join ranked
    on runs.run_id = ranked.run_id
where ranked.newest_first <= 60
