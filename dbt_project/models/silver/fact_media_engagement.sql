{{
    config(
        materialized='incremental',
        incremental_strategy='merge',
        unique_key=['media_id', 'engagement_idx'],
        table_type='iceberg',
        post_hook="{{ delete_older_curves() }}",
    )
}}

with typed as (
    select
        {{ blank_to_null('media_id') }} as media_id,
        {{ to_timestamp('snapshot_ts') }} as snapshot_ts,
        {{ to_double('engagement') }} as engagement,
        engagement_data,
        rewatch_data,
        {{ to_timestamp('ingested_at') }} as ingested_at,
        {{ row_digest([
            'engagement', joined_text('engagement_data'), joined_text('rewatch_data'),
        ]) }} as content_digest
    from {{ source('bronze', 'media_engagement') }}
    where {{ is_loaded('media_engagement') }}
),

newest as (
    {{ first_of_each('typed', ['media_id'], [
        'snapshot_ts desc', 'ingested_at desc nulls last', 'content_digest desc',
    ], required=['snapshot_ts']) }}
),

changed as (
    select newest.*
    from newest
    {% if is_incremental() %}
        left join (
            select
                media_id,
                max(snapshot_ts) as snapshot_ts,
                {{ if_stored('ingested_at', 'max(ingested_at)') }} as ingested_at
            from {{ this }}
            group by media_id
        ) as stored
            on newest.media_id = stored.media_id
        where
            stored.media_id is null
            or stored.ingested_at is null
            or newest.snapshot_ts > stored.snapshot_ts
            or (
                newest.snapshot_ts = stored.snapshot_ts
                and newest.ingested_at > stored.ingested_at
            )
    {% endif %}
),

-- A curve without cells is one row with index -1: it tells the hook that older cells
-- are gone, and an older curve that comes later that there is a newer one.
cells as (
    select
        changed.media_id,
        changed.snapshot_ts,
        changed.ingested_at,
        coalesce(cast(cells.cell_number as integer) - 1, -1) as engagement_idx,
        {{ to_integer('cells.first_value') }} as engagement_count,
        {{ to_integer('cells.second_value') }} as rewatch_count,
        changed.engagement
    from changed
    {{ join_cells('changed.engagement_data', 'changed.rewatch_data') }}
)

select
    media_id,
    {{ stored_timestamp('snapshot_ts') }} as snapshot_ts,
    engagement_idx,
    engagement_count,
    rewatch_count,
    engagement,
    {{ stored_timestamp('ingested_at') }} as ingested_at
from cells
