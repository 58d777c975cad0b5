{{ config(materialized='table', ha=true) }}

with history as (
    select * from {{ ref('fact_media_history') }}
),

newest as (
    {{ first_of_each('history', ['media_id'], ['snapshot_ts desc']) }}
)

select
    media_id,
    load_count,
    play_count,
    play_rate,
    hours_watched,
    engagement,
    visitors,
    {{ stored_timestamp('snapshot_ts') }} as snapshot_ts
from newest
