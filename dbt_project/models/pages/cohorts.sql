{{ config(materialized='table', ha=true) }}

with visitors as (
    select
        cast(date_trunc('month', created_at) as date) as first_month,
        cast(date_trunc('month', last_active_at) as date) as last_month
    from {{ ref('fact_visitors') }}
    where created_at is not null
),

as_of as (
    select cast(date_trunc('month', {{ as_of_date() }}) as date) as this_month
),

spans as (
    select
        visitors.first_month,
        as_of.this_month,
        coalesce(
            date_diff('month', visitors.first_month, visitors.last_month), 0
        ) as months_seen,
        count(*) as visitors
    from visitors
    cross join as_of
    where
        visitors.first_month <= as_of.this_month
        and date_diff('month', visitors.first_month, as_of.this_month) < 24
    group by
        visitors.first_month,
        as_of.this_month,
        coalesce(date_diff('month', visitors.first_month, visitors.last_month), 0)
),

later (months_later) as (
    values (0), (1), (2), (3), (4), (5), (6), (7), (8), (9), (10), (11), (12)
)

select
    spans.first_month,
    later.months_later,
    cast(sum(spans.visitors) as bigint) as visitors,
    cast(sum(case
        when later.months_later = 0 or spans.months_seen >= later.months_later
            then spans.visitors
        else 0
    end) as bigint) as seen_visitors
from spans
inner join later
    on
        later.months_later
        <= date_diff('month', spans.first_month, spans.this_month)
group by
    spans.first_month,
    later.months_later
