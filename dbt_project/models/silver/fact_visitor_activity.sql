{{
    config(
        materialized='incremental',
        incremental_strategy='merge',
        unique_key=['visitor_key', 'last_active_at'],
        table_type='iceberg',
    )
}}

with typed as (
    select
        {{ blank_to_null('visitor_key') }} as visitor_key,
        {{ to_timestamp('last_active_at') }} as last_active_at,
        {{ to_integer('load_count') }} as load_count,
        {{ to_integer('play_count') }} as play_count,
        {{ to_timestamp('ingested_at') }} as ingested_at
    from {{ source('bronze', 'visitors') }}
    where {{ is_loaded('visitors') }}
),

first_observed as (
    {{ first_of_each('typed', ['visitor_key', 'last_active_at'], [
        'ingested_at asc nulls last',
        row_digest(['load_count', 'play_count']) ~ ' asc',
    ]) }}
)

select
    first_observed.visitor_key,
    {{ stored_timestamp('first_observed.last_active_at') }} as last_active_at,
    first_observed.load_count,
    first_observed.play_count,
    {{ stored_timestamp('first_observed.ingested_at') }} as ingested_at
from first_observed
{% if is_incremental() %}
    left join {{ this }} as stored
        on
            first_observed.visitor_key = stored.visitor_key
            and first_observed.last_active_at = stored.last_active_at
    -- An earlier observation may load later: a partition that came late, a replay.
    where
        stored.visitor_key is null
        or first_observed.ingested_at < stored.ingested_at
{% endif %}
