with ranked as (
    select
        *,
        case when z > 0 then 'up' else 'down' end as direction,
        row_number() over (
            partition by span, comparison, z > 0
            order by abs(z) desc, kind asc, label asc
        ) as place
    from {{ ref('movers') }}
    where z <> 0
)

select
    ranked.span,
    ranked.comparison,
    ranked.direction,
    cast(ranked.place as integer) as place,
    ranked.kind,
    ranked.label,
    case when ranked.kind = 'video' then coalesce(media.name, ranked.label) end as name,
    ranked.play_count,
    ranked.play_count_before,
    ranked.change_chance,
    ranked.looks,
    ranked.is_beyond_chance
from ranked
left join {{ ref('dim_media') }} as media
    on ranked.kind = 'video' and ranked.label = media.media_id
where ranked.place <= 5
