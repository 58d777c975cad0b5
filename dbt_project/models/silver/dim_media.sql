{{ config(materialized='table', ha=true) }}

with descriptions as (
    select
        media_id,
        name,
        media_type,
        is_archived,
        tags,
        duration_seconds,
        created_at,
        folder
    from {{ ref('dim_media_history') }}
    where is_current
)

select
    media_id,
    name,
    media_type,
    is_archived,
    tags,
    duration_seconds,
    {{ stored_timestamp('created_at') }} as created_at,
    folder
from descriptions
