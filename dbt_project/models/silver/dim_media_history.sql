{{ config(materialized='table', ha=true) }}

with medias as (
    select
        hashed_id,
        name,
        duration,
        created,
        updated,
        folder,
        project,
        ingested_at
    from {{ source('bronze', 'medias') }}
    where {{ is_loaded('medias') }}
),

typed as (
    select
        {{ blank_to_null('hashed_id') }} as media_id,
        {{ blank_to_null('name') }} as name,
        {{ to_double('duration') }} as duration_seconds,
        {{ to_timestamp('created') }} as created_at,
        coalesce(
            {{ blank_to_null('folder.name') }},
            {{ blank_to_null('project.name') }}
        ) as folder,
        {{ to_timestamp('updated') }} as updated_at,
        {{ to_timestamp('ingested_at') }} as ingested_at,
        {{ row_digest(['name', 'duration', 'created', 'folder.name', 'project.name']) }}
            as content_digest
    from medias
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

-- What landed again without a change of these columns is no version of its own.
versions as (
    select
        *,
        row_number() over (
            partition by media_id order by ingested_at asc nulls first
        ) as version_number,
        lead(ingested_at) over (
            partition by media_id order by ingested_at asc nulls first
        ) as replaced_at
    from compared
    where digest_before is null or digest_before <> content_digest
)

select
    media_id,
    cast(version_number as integer) as version_number,
    name,
    duration_seconds,
    {{ stored_timestamp('created_at') }} as created_at,
    folder,
    {{ stored_timestamp('ingested_at') }} as valid_from,
    {{ stored_timestamp('replaced_at') }} as valid_to,
    replaced_at is null as is_current
from versions
