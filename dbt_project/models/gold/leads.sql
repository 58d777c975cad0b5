with watched as (
    select
        visitor_key,
        count(*) as watched_media_count,
        cast(sum(event_count) as bigint) as event_count,
        cast(sum(end_count) as bigint) as end_count,
        max(most_viewed) as most_viewed,
        {{ whole_sum('watched_seconds', 1000) }} / 1000 as watched_seconds,
        min(first_seen_at) as first_seen_at,
        max(last_seen_at) as last_seen_at
    from {{ ref('visitor_media') }}
    group by visitor_key
),

told as (
    select
        visitor_key,
        received_at,
        event_key,
        {{ blank_to_null('org') }} as network,
        conversion_data is not null as is_form,
        coalesce(
            {{ blank_to_null(json_text('conversion_data', 'email')) }}, email
        ) as email,
        {{ blank_to_null(json_text('conversion_data', 'first_name')) }} as first_name,
        {{ blank_to_null(json_text('conversion_data', 'last_name')) }} as last_name
    from {{ ref('fact_events') }}
    where conversion_data is not null or email is not null or org is not null
),

-- The newest event that tells a field tells it best.
ranked as (
    select
        {% for field in ['network', 'email', 'first_name', 'last_name'] %}
            row_number() over (
                partition by visitor_key
                order by
                    case when {{ field }} is null then 1 else 0 end asc,
                    received_at desc,
                    event_key asc
            ) as {{ field }}_place,
        {% endfor %}
        *
    from told
),

newest as (
    select
        visitor_key,
        {% for field in ['network', 'email', 'first_name', 'last_name'] %}
            max(case when {{ field }}_place = 1 then {{ field }} end) as {{ field }},
        {% endfor %}
        count(case when is_form then 1 end) as form_count,
        min(case when is_form or email is not null then received_at end) as told_at
    from ranked
    group by visitor_key
),

-- Whoever is in the list of visitors, or only in events: one row each.
everybody as (
    select
        coalesce(visitors.visitor_key, newest.visitor_key) as visitor_key,
        lower(trim(coalesce(visitors.email, newest.email))) as email,
        coalesce(
            visitors.name,
            nullif(
                trim(
                    coalesce(newest.first_name, '')
                    || ' '
                    || coalesce(newest.last_name, '')
                ),
                ''
            )
        ) as name,
        visitors.org_name,
        visitors.org_title,
        newest.network,
        coalesce(newest.form_count, 0) as form_count,
        coalesce(newest.told_at, visitors.created_at) as known_since,
        visitors.created_at,
        visitors.last_active_at
    from {{ ref('fact_visitors') }} as visitors
    full outer join newest
        on visitors.visitor_key = newest.visitor_key
)

select
    everybody.visitor_key,
    everybody.email,
    everybody.name,
    case
        when strpos(everybody.email, '@') > 0 then split_part(everybody.email, '@', 2)
    end as email_domain,
    everybody.org_name,
    everybody.org_title,
    everybody.network,
    everybody.form_count,
    {{ stored_timestamp('everybody.known_since') }} as known_since,
    coalesce(
        {{ days_between('everybody.known_since', as_of_date()) }}
        < {{ var('new_lead_days') }},
        false
    ) as is_new,
    coalesce(watched.watched_media_count, 0) as watched_media_count,
    coalesce(watched.event_count, 0) as event_count,
    coalesce(watched.end_count, 0) as end_count,
    watched.most_viewed,
    watched.watched_seconds,
    {{ stored_timestamp('watched.first_seen_at') }} as first_play_at,
    {{ stored_timestamp('watched.last_seen_at') }} as last_play_at,
    {{ stored_timestamp('everybody.last_active_at') }} as last_active_at
from everybody
left join watched
    on everybody.visitor_key = watched.visitor_key
where everybody.email is not null or everybody.name is not null
