with arrived as (
    select
        min(day) as oldest_day,
        max(day) as newest_day,
        {{ start_of('month', 'max(day)') }} as month_start
    from {{ ref('calendar') }}
    where has_arrived
    having count(*) > 0
),

-- As many earlier periods as tell what is usual, where the history reaches back so far.
named (span, length, most_back) as (
    values
    ('7', 7, 26), ('30', 30, 12), ('90', 90, 7), ('365', 365, 1),
    ('this_month', 0, 12), ('last_month', 0, 12)
),

numbers (back) as (
    values
    {% for back in range(27) %}
        ({{ back }}){{ ',' if not loop.last }}
    {% endfor %}
),

starts as (
    select
        named.span,
        numbers.back,
        arrived.oldest_day,
        case named.span
            when 'this_month'
                then {{ moved('arrived.month_start', '-numbers.back', 'month') }}
            when 'last_month'
                then {{ moved('arrived.month_start', '-numbers.back - 1', 'month') }}
            else {{ moved(
                'arrived.newest_day', '1 - named.length * (numbers.back + 1)', 'day'
            ) }}
        end as first_day,
        case named.span
            when 'this_month'
                then {{ moved('arrived.newest_day', '-numbers.back', 'month') }}
            when 'last_month'
                then {{ moved(
                    moved('arrived.month_start', '-numbers.back', 'month'), '-1', 'day'
                ) }}
            else {{ moved(
                'arrived.newest_day', '-named.length * numbers.back', 'day'
            ) }}
        end as last_day
    from arrived
    cross join named
    inner join numbers
        on named.most_back >= numbers.back
),

periods as (
    select
        span,
        case back
            when 0 then 'now'
            when 1 then 'before'
            else 'earlier ' || cast(back as varchar)
        end as period,
        back as periods_back,
        first_day,
        last_day,
        oldest_day
    from starts
    union all
    -- 52 whole weeks: a Monday is held against a Monday. Months against months.
    select
        span,
        'year' as period,
        cast(null as integer) as periods_back,
        case
            when span in ('this_month', 'last_month')
                then {{ moved('first_day', '-12', 'month') }}
            else {{ moved('first_day', '-364', 'day') }}
        end as first_day,
        case
            when span in ('this_month', 'last_month')
                then {{ moved('last_day', '-12', 'month') }}
            else {{ moved('last_day', '-364', 'day') }}
        end as last_day,
        oldest_day
    from starts
    where back = 0
)

select
    span,
    period,
    cast(periods_back as integer) as periods_back,
    first_day,
    last_day,
    cast(date_diff('day', first_day, last_day) + 1 as integer) as day_count,
    first_day >= oldest_day as is_whole
from periods
where first_day >= oldest_day or period in ('now', 'before', 'year')
