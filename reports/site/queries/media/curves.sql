with chosen as (
    select
        media_id, colour_number,
        case when count(*) over (partition by name) > 1 then name || ' ' || media_id else name end as series
    from pages.media
    where
        media_id is not null
        and engagement_points > 0
        and ('${inputs.folder}' = 'All' or folder = '${inputs.folder}')
        and ('${inputs.play_rate_class}' = 'All' or play_rate_class = '${inputs.play_rate_class}')
        and ('${inputs.hours_class}' = 'All' or hours_class = '${inputs.hours_class}')
    order by play_count desc, media_id
    limit 6
)

select chosen.series, chosen.colour_number, cells.percent_of_video, arg_min(cells.viewers_share, cells.engagement_idx) as viewers_share
from pages.media_curve as cells
inner join chosen on cells.media_id = chosen.media_id
group by chosen.series, chosen.colour_number, cells.percent_of_video
order by chosen.series, cells.percent_of_video
