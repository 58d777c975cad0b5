{{ config(materialized='table', ha=true) }}

with viewers as (
    select
        cast(date_trunc('month', first_play_date) as date) as first_month,
        cast(date_trunc('month', last_play_date) as date) as last_month
    from {{ ref('viewers') }}
),

newest as (
    select cast(date_trunc('month', max(day)) as date) as this_month
    from {{ ref('calendar') }}
    where has_arrived
),

spans as (
    select
        viewers.first_month,
        newest.this_month,
        date_diff('month', viewers.first_month, viewers.last_month) as months_seen,
        count(*) as viewers
    from viewers
    cross join newest
    where date_diff('month', viewers.first_month, newest.this_month) < 24
    group by
        viewers.first_month,
        newest.this_month,
        date_diff('month', viewers.first_month, viewers.last_month)
),

later (months_later) as (
    values (0), (1), (2), (3), (4), (5), (6), (7), (8), (9), (10), (11), (12)
)

select
    spans.first_month,
    later.months_later,
    cast(sum(spans.viewers) as bigint) as viewers,
    cast(sum(case
        when spans.months_seen >= later.months_later then spans.viewers
        else 0
    end) as bigint) as seen_viewers
from spans
inner join later
    on
        later.months_later
        <= date_diff('month', spans.first_month, spans.this_month)
group by
    spans.first_month,
    later.months_later
