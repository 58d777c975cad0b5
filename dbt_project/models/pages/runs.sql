with ranked as (
    select
        run_id,
        row_number() over (order by finished_at desc, run_id desc) as newest_first
    from {{ ref('fact_runs') }}
)

select runs.* -- noqa: AM04
from {{ ref('fact_runs') }} as runs
inner join ranked
    on runs.run_id = ranked.run_id
where ranked.newest_first <= 60
