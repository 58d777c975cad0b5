with named as (
    select
        {{ shown_label('viewers.platform', 'platforms.label') }} as platform,
        {{ shown_label('viewers.browser', 'browsers.label') }} as browser,
        viewers.device,
        viewers.recency_group,
        viewers.frequency_band
    from {{ ref('viewers') }} as viewers
    left join {{ ref('user_agent_labels') }} as platforms
        on
            platforms.kind = 'platform'
            and lower(trim(viewers.platform)) = platforms.raw_label
    left join {{ ref('user_agent_labels') }} as browsers
        on
            browsers.kind = 'browser'
            and lower(trim(viewers.browser)) = browsers.raw_label
)

select
    platform,
    browser,
    device,
    recency_group,
    frequency_band,
    count(*) as viewers
from named
group by platform, browser, device, recency_group, frequency_band
