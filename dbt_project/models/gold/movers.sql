with plays as (
    select
        span,
        period,
        'video' as kind,
        media_id as label,
        play_count
    from {{ ref('span_totals') }}
    where media_id <> 'All'
    union all
    select
        span,
        period,
        case dimension when 'embed_page' then 'page' else dimension end as kind,
        label,
        event_count as play_count
    from {{ ref('span_labels') }}
    where media_id = 'All' and dimension in ('embed_page', 'country')
),

lengths as (
    select
        earlier.span,
        earlier.period as comparison,
        cast(now.day_count as double)
        / (now.day_count + earlier.day_count) as share_of_days
    from {{ ref('spans') }} as earlier
    inner join {{ ref('spans') }} as now
        on earlier.span = now.span and now.period = 'now' and now.is_whole
    where earlier.period in ('before', 'year') and earlier.is_whole
),

-- What has no play in one of the two periods is in the other alone.
compared as (
    select
        lengths.span,
        lengths.comparison,
        lengths.share_of_days,
        plays.kind,
        plays.label,
        cast(coalesce(sum(
            case when plays.period = 'now' then plays.play_count end
        ), 0) as bigint) as play_count,
        cast(coalesce(sum(
            case when plays.period = lengths.comparison then plays.play_count end
        ), 0) as bigint) as play_count_before
    from plays
    inner join lengths
        on plays.span = lengths.span
    group by
        lengths.span, lengths.comparison, lengths.share_of_days, plays.kind, plays.label
),

-- Of the plays of both periods, those of the newer one are its share of the days, give
-- or take a binomial's standard deviation.
tested as (
    select
        *,
        count(*) over (partition by span, comparison) as looks,
        (play_count - (play_count + play_count_before) * share_of_days)
        / sqrt((play_count + play_count_before) * share_of_days * (1 - share_of_days))
            as z
    from compared
    where play_count + play_count_before > 0
)

select
    span,
    comparison,
    kind,
    label,
    play_count,
    play_count_before,
    cast(play_count - play_count_before as double)
    / nullif(play_count_before, 0) as change_rate,
    z,
    {{ two_tails('abs(z)') }} as change_chance,
    looks,
    {{ two_tails('abs(z)') }} * looks < 0.05 as is_beyond_chance
from tested
