{{ config(materialized='table', ha=true) }}

with visitors as (
    select
        platform as raw_platform,
        browser as raw_browser,
        mobile,
        load_count,
        play_count,
        visitor_segment,
        rf_group
    from {{ ref('fact_audience_insights') }}
),

labels as (
    select
        kind,
        raw_label,
        label
    from {{ ref('user_agent_labels') }}
),

named as (
    select
        {{ shown_label('visitors.raw_platform', 'platforms.label') }} as platform,
        {{ shown_label('visitors.raw_browser', 'browsers.label') }} as browser,
        {{ shown_device('visitors.mobile', 'visitors.raw_platform') }} as device,
        visitors.visitor_segment,
        visitors.rf_group,
        visitors.load_count,
        visitors.play_count
    from visitors
    left join labels as platforms
        on
            platforms.kind = 'platform'
            and lower(trim(visitors.raw_platform)) = platforms.raw_label
    left join labels as browsers
        on
            browsers.kind = 'browser'
            and lower(trim(visitors.raw_browser)) = browsers.raw_label
)

select
    platform,
    browser,
    device,
    visitor_segment,
    rf_group,
    count(*) as visitors,
    cast(coalesce(sum(load_count), 0) as bigint) as load_count,
    cast(coalesce(sum(play_count), 0) as bigint) as play_count
from named
group by
    platform,
    browser,
    device,
    visitor_segment,
    rf_group
