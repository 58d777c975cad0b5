{{ config(materialized='table', ha=true) }}

with visitors as (
    select
        platform,
        browser
    from {{ ref('fact_audience_insights') }}
),

labels as (
    select
        kind,
        raw_label,
        label
    from {{ ref('user_agent_labels') }}
),

raw_labels as (
    select
        'platform' as kind,
        trim(platform) as raw_label
    from visitors
    where platform is not null
    union all
    select
        'browser' as kind,
        trim(browser) as raw_label
    from visitors
    where browser is not null
),

counted as (
    select
        kind,
        raw_label,
        count(*) as visitors
    from raw_labels
    group by kind, raw_label
),

ranked as (
    select
        *,
        row_number() over (
            partition by kind
            order by visitors desc, raw_label asc
        ) as place
    from counted
)

select
    ranked.kind,
    ranked.raw_label,
    {{ shown_label('ranked.raw_label', 'labels.label') }} as label,
    ranked.visitors
from ranked
left join labels
    on
        ranked.kind = labels.kind
        and lower(ranked.raw_label) = labels.raw_label
where ranked.place <= 50
