with counted as (
    {% for kind in ['platform', 'browser'] %}
        select
            '{{ kind }}' as kind,
            trim({{ kind }}) as raw_label,
            count(*) as visitors
        from {{ ref('fact_audience_insights') }}
        where {{ kind }} is not null
        group by trim({{ kind }})
        {{ 'union all' if not loop.last }}
    {% endfor %}
),

ranked as (
    select
        *,
        row_number() over (
            partition by kind order by visitors desc, raw_label asc
        ) as place
    from counted
)

select
    ranked.kind,
    ranked.raw_label,
    {{ shown_label('ranked.raw_label', 'labels.label') }} as label,
    ranked.visitors
from ranked
left join {{ ref('user_agent_labels') }} as labels
    on
        ranked.kind = labels.kind
        and lower(ranked.raw_label) = labels.raw_label
where ranked.place <= 50
