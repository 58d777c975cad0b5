{{
    config(
        materialized='incremental',
        incremental_strategy='merge',
        unique_key='visitor_key',
        table_type='iceberg',
    )
}}

with typed as (
    select
        {{ blank_to_null('visitor_key') }} as visitor_key,
        {{ to_timestamp('created_at') }} as created_at,
        {{ to_timestamp('last_active_at') }} as last_active_at,
        {{ blank_to_null('last_event_key') }} as last_event_key,
        {{ to_integer('load_count') }} as load_count,
        {{ to_integer('play_count') }} as play_count,
        {{ blank_to_null('identifying_event_key') }} as identifying_event_key,
        {{ blank_to_null('visitor_identity.name') }} as name,
        {{ blank_to_null('visitor_identity.email') }} as email,
        {{ blank_to_null('visitor_identity.org.name') }} as org_name,
        {{ blank_to_null('visitor_identity.org.title') }} as org_title,
        {{ blank_to_null('user_agent_details.browser') }} as browser,
        {{ blank_to_null('user_agent_details.browser_version') }} as browser_version,
        {{ blank_to_null('user_agent_details.platform') }} as platform,
        {{ to_boolean('user_agent_details.mobile') }} as mobile,
        {{ to_timestamp('ingested_at') }} as ingested_at,
        false as is_stored
    from {{ source('bronze', 'visitors') }}
    where {{ is_loaded('visitors') }}
),

states as (
    select * from typed
    {% if is_incremental() %}
        union all
        select
            visitor_key,
            created_at,
            last_active_at,
            last_event_key,
            load_count,
            play_count,
            identifying_event_key,
            name,
            email,
            org_name,
            org_title,
            browser,
            browser_version,
            platform,
            mobile,
            ingested_at,
            true as is_stored
        from {{ this }}
        where visitor_key in (select typed.visitor_key from typed)
    {% endif %}
),

-- Rows that tie to the end are the same in every column; the stored one then wins, so
-- that a partition read twice writes nothing.
newest as (
    {{ first_of_each('states', ['visitor_key'], [
        'last_active_at desc nulls last',
        'ingested_at desc nulls last',
        row_digest(
            [
                'last_event_key', 'load_count', 'play_count', 'identifying_event_key', 'name',
                'email', 'org_name', 'org_title', 'browser', 'browser_version', 'platform',
                'mobile',
            ],
            timestamps=['created_at'],
        ) ~ ' desc',
        'is_stored desc',
    ]) }}
)

select
    visitor_key,
    {{ stored_timestamp('created_at') }} as created_at,
    {{ stored_timestamp('last_active_at') }} as last_active_at,
    last_event_key,
    load_count,
    play_count,
    identifying_event_key,
    name,
    email,
    org_name,
    org_title,
    browser,
    browser_version,
    platform,
    mobile,
    {{ stored_timestamp('ingested_at') }} as ingested_at
from newest
where not is_stored
