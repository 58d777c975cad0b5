{{ config(materialized='table', ha=true) }}

{{ breakdown_totals('country', 'country') }}
