select started_at, state, duration_seconds, total_seconds, request_count, fetched_count, record_count, new_visitor_count, returning_visitor_count, quarantined_count, built_row_count, test_count, build_seconds, publish_seconds, scanned_bytes, cost_usd, newest_visitor_at, code_version, run_id
from pages.runs
where run_id is not null
order by started_at desc
