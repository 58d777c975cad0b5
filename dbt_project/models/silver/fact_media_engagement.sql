{{
    config(
        materialized='incremental',
        incremental_strategy='merge',
        unique_key=['media_id', 'engagement_idx'],
        table_type='iceberg',
        post_hook="{{ delete_older_curves() }}",
    )
}}

with media_engagement as (
    select
        media_id,
        engagement,
        engagement_data,
        rewatch_data,
        snapshot_ts,
        ingested_at
    from {{ source('bronze', 'media_engagement') }}
    {% if is_incremental() %}
        where ingest_date >= {{ first_partition('snapshot_ts') }}
    {% endif %}
),

typed as (
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
    from media_engagement
),

ranked as (
    select
        *,
        row_number() over (
            partition by media_id
            order by
                snapshot_ts desc,
                ingested_at asc nulls last,
                content_digest asc
        ) as newest_first
    from typed
    where media_id is not null and snapshot_ts is not null
),

newest as (
    select * from ranked
    where newest_first = 1
),

changed as (
    select newest.*
    from newest
    {% if is_incremental() %}
        left join (
            select
                media_id,
                max(snapshot_ts) as snapshot_ts
            from {{ this }}
            group by media_id
        ) as stored
            on newest.media_id = stored.media_id
        where
            stored.media_id is null
            or newest.snapshot_ts > stored.snapshot_ts
    {% endif %}
),

-- A curve without cells comes out as one row with index -1, which tells the hook that
-- the medium's older cells are gone; the hook then removes that row too.
cells as (
    select
        changed.media_id,
        changed.snapshot_ts,
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
    engagement
from cells
