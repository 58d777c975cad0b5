{{ config(materialized='table', ha=true) }}

with descriptions as (
    select
        media_id,
        name,
        duration_seconds,
        created_at,
        folder
    from {{ ref('dim_media_history') }}
    where is_current
)

select
    media_id,
    name,
    duration_seconds,
    {{ stored_timestamp('created_at') }} as created_at,
    folder,
    case
        when duration_seconds > 1000 then duration_seconds / 1000
        when duration_seconds is not null then 1
    end as cell_seconds
from descriptions
