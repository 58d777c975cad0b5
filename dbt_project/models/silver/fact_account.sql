{{
    config(
        materialized='incremental',
        incremental_strategy='merge',
        unique_key='snapshot_ts',
        table_type='iceberg',
    )
}}

with typed as (
    select
        {{ to_integer('load_count') }} as load_count,
        {{ to_integer('play_count') }} as play_count,
        {{ to_double('hours_watched') }} as hours_watched,
        {{ to_timestamp('snapshot_ts') }} as snapshot_ts,
        {{ to_timestamp('ingested_at') }} as ingested_at,
        {{ row_digest(['load_count', 'play_count', 'hours_watched']) }}
            as content_digest
    from {{ source('bronze', 'account') }}
    where {{ is_loaded('account') }}
),

first_landed as (
    {{ first_of_each('typed', ['snapshot_ts'], [
        'ingested_at asc nulls last', 'content_digest asc',
    ]) }}
)

select
    {{ stored_timestamp('first_landed.snapshot_ts') }} as snapshot_ts,
    first_landed.load_count,
    first_landed.play_count,
    first_landed.hours_watched,
    {{ stored_timestamp('first_landed.ingested_at') }} as ingested_at
from first_landed
{% if is_incremental() %}
    left join {{ this }} as stored
        on first_landed.snapshot_ts = stored.snapshot_ts
    where
        stored.snapshot_ts is null
        or first_landed.ingested_at < stored.ingested_at
{% endif %}
