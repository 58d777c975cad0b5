{{
    config(
        materialized='incremental',
        incremental_strategy='merge',
        unique_key=['media_id', 'activity_date'],
        table_type='iceberg',
    )
}}

with typed as (
    select
        {{ blank_to_null('media_id') }} as media_id,
        {{ to_date('date') }} as activity_date,
        {{ to_integer('load_count') }} as load_count,
        {{ to_integer('play_count') }} as play_count,
        {{ to_double('hours_watched') }} as reported_hours_watched,
        {{ to_timestamp('snapshot_ts') }} as snapshot_ts,
        {{ to_timestamp('ingested_at') }} as ingested_at,
        {{ row_digest(['load_count', 'play_count', 'hours_watched']) }}
            as content_digest
    from {{ source('bronze', 'media_by_date') }}
    where {{ is_loaded('media_by_date') }}
),

newest as (
    {{ first_of_each('typed', ['media_id', 'activity_date'], [
        'snapshot_ts desc', 'ingested_at desc nulls last', 'content_digest desc',
    ], required=['snapshot_ts']) }}
)

select
    newest.media_id,
    newest.activity_date,
    newest.load_count,
    newest.play_count,
    newest.reported_hours_watched,
    {{ stored_timestamp('newest.snapshot_ts') }} as snapshot_ts,
    {{ stored_timestamp('newest.ingested_at') }} as ingested_at
from newest
{% if is_incremental() %}
    left join {{ this }} as stored
        on
            newest.media_id = stored.media_id
            and newest.activity_date = stored.activity_date
    where
        stored.media_id is null
        or {{ if_stored('ingested_at', 'stored.ingested_at') }} is null
        or newest.snapshot_ts > stored.snapshot_ts
        or (
            newest.snapshot_ts = stored.snapshot_ts
            and newest.ingested_at > {{ if_stored('ingested_at', 'stored.ingested_at') }}
        )
{% endif %}
