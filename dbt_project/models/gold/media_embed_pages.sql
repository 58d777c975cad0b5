{{ config(materialized='table', ha=true) }}

{{ breakdown_totals('embed_page', 'embed_page') }}
