-- Platform by browser, the largest first; labels that few have are together.
with chosen as (
    select platform, browser, viewers
    from pages.audience
    where
        platform is not null
        and ('${inputs.device}' = 'All' or device = '${inputs.device}')
        and ('${inputs.recency}' = 'All' or recency_group = '${inputs.recency}')
        and ('${inputs.frequency}' = 'All' or frequency_band = '${inputs.frequency}')
),

platforms as (
    select platform, row_number() over (order by sum(viewers) desc, platform) as place
    from chosen
    group by platform
),

browsers as (
    select browser, row_number() over (order by sum(viewers) desc, browser) as place
    from chosen
    group by browser
),

placed as (
    select
        least(platforms.place, 9) as row_order,
        case when platforms.place < 9 then chosen.platform else 'Others' end as row_label,
        least(browsers.place, 9) as column_order,
        case when browsers.place < 9 then chosen.browser else 'Others' end as column_label,
        chosen.viewers
    from chosen
    inner join platforms on chosen.platform = platforms.platform
    inner join browsers on chosen.browser = browsers.browser
)

select row_order, row_label, column_order, column_label, sum(viewers) as value
from placed
group by row_order, row_label, column_order, column_label
order by row_order, column_order
