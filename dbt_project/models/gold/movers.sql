{{ config(materialized='table', ha=true) }}

with lengths as (
    select
        span,
        period,
        day_count
    from {{ ref('spans') }}
    where period in ('before', 'year') and is_whole
),

now_lengths as (
    select
        span,
        day_count
    from {{ ref('spans') }}
    where period = 'now' and is_whole
),

plays as (
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

-- What has no play in one of the two periods is in the other alone.
labels as (
    select distinct
        span,
        kind,
        label
    from plays
),

compared as (
    select
        labels.span,
        lengths.period as comparison,
        labels.kind,
        labels.label,
        coalesce(now.play_count, 0) as play_count,
        coalesce(before.play_count, 0) as play_count_before,
        cast(now_lengths.day_count as double)
        / (now_lengths.day_count + lengths.day_count) as share_of_days
    from labels
    inner join now_lengths
        on labels.span = now_lengths.span
    inner join lengths
        on labels.span = lengths.span
    left join plays as now
        on
            labels.span = now.span
            and now.period = 'now'
            and labels.kind = now.kind
            and labels.label = now.label
    left join plays as before
        on
            labels.span = before.span
            and lengths.period = before.period
            and labels.kind = before.kind
            and labels.label = before.label
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
