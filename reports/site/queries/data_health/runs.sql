select started_at, state, duration_seconds, request_count, record_count, visitor_count, quarantined_count, newest_visitor_at, code_version, run_id
from pages.runs
where run_id is not null
order by started_at desc
