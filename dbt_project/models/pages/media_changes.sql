with compared as (
    select
        {% for column in ['name', 'is_archived', 'duration_seconds'] %}
            lag({{ column }}) over (
                partition by media_id order by version_number
            ) as {{ column }}_before,
        {% endfor %}
        {{ local_date('valid_from') }} as changed_on,
        *
    from {{ ref('dim_media_history') }}
),

-- What was not told before has not changed: a length is unknown at first.
changes as (
    {% for what, changed in [
        ('length', 'duration_seconds <> duration_seconds_before'),
        ('name', 'name <> name_before'),
        ('archived', 'is_archived and not is_archived_before'),
        ('back', 'not is_archived and is_archived_before'),
    ] %}
        select
            media_id,
            version_number,
            '{{ what }}' as what,
            changed_on,
            {% if what == 'length' %}
                duration_seconds_before as seconds_before,
                duration_seconds as seconds_after
            {% else %}
                cast(null as double) as seconds_before,
                cast(null as double) as seconds_after
            {% endif %}
        from compared
        where {{ changed }}
        {{ 'union all' if not loop.last }}
    {% endfor %}
)

select
    media_id,
    version_number,
    what,
    changed_on,
    seconds_before,
    seconds_after
from changes
