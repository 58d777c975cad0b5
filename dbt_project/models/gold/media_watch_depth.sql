{{ config(materialized='table', ha=true) }}

{{ breakdown_totals('watch_depth', 'depth_band', 'cast(label as integer)') }}
