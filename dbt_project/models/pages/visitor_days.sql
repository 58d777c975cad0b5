{{ config(materialized='table', ha=true) }}

with visitors as (
    select
        visitor_key,
        cast(created_at as date) as created_date
    from {{ ref('fact_visitors') }}
),

-- A visit is known by the list of visitors, by what was played and by the first of all.
visits as (
    select
        visitor_key,
        cast(last_active_at as date) as active_date
    from {{ ref('fact_visitor_activity') }}
    union
    select
        visitor_key,
        cast(received_at as date) as active_date
    from {{ ref('fact_plays') }}
    union
    select
        visitor_key,
        created_date as active_date
    from visitors
),

created as (
    select
        created_date as day,
        count(*) as new_visitors
    from visitors
    where created_date <= {{ as_of_date() }}
    group by created_date
),

active as (
    select
        visits.active_date as day,
        count(*) as active_visitors,
        count(case
            when visitors.created_date < visits.active_date then 1
        end) as returning_visitors
    from visits
    inner join visitors
        on visits.visitor_key = visitors.visitor_key
    where visits.active_date <= {{ as_of_date() }}
    group by visits.active_date
),

-- Visitors whose beginning is unknown were there all along.
undated as (
    select count(*) as visitor_count
    from visitors
    where created_date is null
),

bounds as (
    select
        min(first_days.day) as first_date,
        {{ as_of_date() }} as last_date
    from (
        select day from created
        union all
        select day from active
    ) as first_days
),

days as (
    select spine.day
    from bounds
    {{ join_days('bounds.first_date', 'bounds.last_date') }}
),

counted as (
    select
        days.day,
        coalesce(created.new_visitors, 0) as new_visitors,
        coalesce(active.returning_visitors, 0) as returning_visitors,
        coalesce(active.active_visitors, 0) as active_visitors,
        undated.visitor_count
        + sum(coalesce(created.new_visitors, 0)) over (order by days.day)
            as visitors_so_far
    from days
    cross join undated
    left join created
        on days.day = created.day
    left join active
        on days.day = active.day
)

select
    day,
    new_visitors,
    returning_visitors,
    active_visitors,
    cast(visitors_so_far as bigint) as visitors_so_far
from counted
where day > {{ days_before(as_of_date(), var('days_on_pages')) }}
