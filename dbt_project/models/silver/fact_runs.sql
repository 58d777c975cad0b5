{{ config(materialized='table', ha=true) }}

with typed as (
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
        {{ to_timestamp('ingest.newest_visitor_at') }} as newest_visitor_at,
        {{ to_integer('totals.new_visitors') }} as new_visitor_count,
        {{ to_integer('totals.returning_visitors') }} as returning_visitor_count,
        {{ to_integer('totals.built_rows') }} as built_row_count,
        {{ to_integer('totals.tests') }} as test_count,
        {{ to_integer('totals.scanned_bytes') }} as scanned_bytes,
        {{ to_double('totals.cost_usd') }} as cost_usd,
        {{ to_double('totals.build_seconds') }} as build_seconds,
        {{ to_double('totals.publish_seconds') }} as publish_seconds,
        {{ to_double('totals.seconds') }} as total_seconds
    from {{ source('bronze', 'runs') }}
    where {{ not_passed_over('runs') }}
),

ended as (
    select
        *,
        lead(run_id) over (order by finished_at, run_id) is not null as is_known
    from typed
    where run_id is not null and finished_at is not null
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
    {{ stored_timestamp('newest_visitor_at') }} as newest_visitor_at,
    record_count + unchanged_count + quarantined_count as fetched_count,
    -- The newest run's are not known while its own tables are built, and do not appear
    -- when they are built again: two builds of one lake give the same rows.
    case when is_known then new_visitor_count end as new_visitor_count,
    case when is_known then returning_visitor_count end as returning_visitor_count,
    case when is_known then built_row_count end as built_row_count,
    case when is_known then test_count end as test_count,
    case when is_known then scanned_bytes end as scanned_bytes,
    case when is_known then cost_usd end as cost_usd,
    case when is_known then build_seconds end as build_seconds,
    case when is_known then publish_seconds end as publish_seconds,
    case when is_known then total_seconds end as total_seconds
from ended
