{{ config(materialized='table', ha=true) }}

with typed as (
    select
        {{ blank_to_null('hashed_id') }} as media_id,
        {{ blank_to_null('name') }} as name,
        {{ blank_to_null('type') }} as media_type,
        {{ to_boolean('archived') }} as is_archived,
        {{ joined_names('tags') }} as tags,
        {{ to_double('duration') }} as duration_seconds,
        {{ to_timestamp('created') }} as created_at,
        coalesce(
            {{ blank_to_null('folder.name') }},
            {{ blank_to_null('project.name') }}
        ) as folder,
        {{ to_timestamp('updated') }} as updated_at,
        {{ to_timestamp('ingested_at') }} as ingested_at,
        {{ row_digest([
            'name', 'type', 'archived', joined_names('tags'), 'duration', 'created',
            'folder.name', 'project.name',
        ]) }} as content_digest
    from {{ source('bronze', 'medias') }}
    where {{ is_loaded('medias') }}
),

ranked as (
    select
        *,
        row_number() over (
            partition by media_id, ingested_at
            order by updated_at desc nulls last, content_digest desc
        ) as newest_first
    from typed
    where media_id is not null
),

compared as (
    select
        *,
        lag(content_digest) over (
            partition by media_id order by ingested_at asc nulls first
        ) as digest_before
    from ranked
    where newest_first = 1
),

-- What loaded again without a change of these columns is no version of its own. A
-- version counts from when Wistia changed it, where that lies between the two landings.
changed as (
    select
        *,
        row_number() over (
            partition by media_id order by ingested_at asc nulls first
        ) as version_number,
        lag(ingested_at) over (
            partition by media_id order by ingested_at asc nulls first
        ) as ingested_before
    from compared
    where digest_before is null or digest_before <> content_digest
),

dated as (
    select
        *,
        case
            when updated_at > ingested_before and updated_at < ingested_at
                then updated_at
            else ingested_at
        end as valid_from
    from changed
),

versions as (
    select
        *,
        lead(valid_from) over (
            partition by media_id order by version_number
        ) as replaced_at
    from dated
)

select
    media_id,
    cast(version_number as integer) as version_number,
    name,
    media_type,
    is_archived,
    tags,
    duration_seconds,
    {{ stored_timestamp('created_at') }} as created_at,
    folder,
    {{ stored_timestamp('valid_from') }} as valid_from,
    {{ stored_timestamp('replaced_at') }} as valid_to,
    replaced_at is null as is_current
from versions
