with earlier as (
    select
        *,
        row_number() over (
            partition by span, media_id, figure order by amount asc, periods_back asc
        ) as place,
        count(*) over (partition by span, media_id, figure) as period_count
    from {{ ref('span_figures') }}
    where periods_back >= 1
),

-- The middle one, or the mean of the two in the middle.
medians as (
    select
        *,
        avg(case
            when 2 * place between period_count and period_count + 2 then amount
        end) over (partition by span, media_id, figure) as median
    from earlier
),

deviations as (
    select
        span,
        media_id,
        figure,
        period_count,
        median,
        abs(amount - median) as deviation,
        row_number() over (
            partition by span, media_id, figure
            order by abs(amount - median) asc, periods_back asc
        ) as place
    from medians
),

spreads as (
    select
        span,
        media_id,
        figure,
        max(median) as median,
        max(period_count) as period_count,
        avg(case
            when 2 * place between period_count and period_count + 2 then deviation
        end) as deviation
    from deviations
    group by span, media_id, figure
),

-- 1.4826 times the MAD is a normal curve's standard deviation. It is not below what
-- chance alone moves a count, a rate, or the hours of so many plays: few periods may
-- look calm.
ranged as (
    select
        now.span,
        now.media_id,
        now.figure,
        now.amount,
        now.seen_count,
        spreads.period_count,
        case when spreads.period_count >= 6 then spreads.median end as median,
        2.576e0 * greatest(
            1.4826e0 * spreads.deviation,
            case
                when now.figure in ('plays', 'loads', 'viewers')
                    then sqrt(greatest(spreads.median, 1e0))
                when now.figure = 'hours_watched'
                    then spreads.median / sqrt(greatest(now.seen_count, 1))
                when spreads.median <= 1
                    then
                        sqrt(spreads.median * (1 - spreads.median))
                        / sqrt(greatest(now.seen_count, 1))
                else 0e0
            end
        ) as half_width
    from {{ ref('span_figures') }} as now
    left join spreads
        on
            now.span = spreads.span
            and now.media_id = spreads.media_id
            and now.figure = spreads.figure
    where now.period = 'now'
)

select
    span,
    media_id,
    figure,
    amount,
    seen_count,
    coalesce(period_count, 0) as period_count,
    median as usual_amount,
    case when median < half_width then 0e0 else median - half_width end as usual_low,
    median + half_width as usual_high,
    case
        when amount > median + half_width then 1
        when amount < median - half_width then -1
        when median is not null then 0
    end as beyond
from ranged
