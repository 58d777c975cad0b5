{{ config(materialized='table', ha=true) }}

with viewers as (
    select
        platform as raw_platform,
        browser as raw_browser,
        device,
        recency_group,
        frequency_band
    from {{ ref('viewers') }}
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
        {{ shown_label('viewers.raw_platform', 'platforms.label') }} as platform,
        {{ shown_label('viewers.raw_browser', 'browsers.label') }} as browser,
        viewers.device,
        viewers.recency_group,
        viewers.frequency_band
    from viewers
    left join labels as platforms
        on
            platforms.kind = 'platform'
            and lower(trim(viewers.raw_platform)) = platforms.raw_label
    left join labels as browsers
        on
            browsers.kind = 'browser'
            and lower(trim(viewers.raw_browser)) = browsers.raw_label
)

select
    platform,
    browser,
    device,
    recency_group,
    frequency_band,
    count(*) as viewers
from named
group by
    platform,
    browser,
    device,
    recency_group,
    frequency_band
