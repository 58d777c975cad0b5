{{ config(materialized='table', ha=true) }}

{{ breakdown_totals('conversion', 'conversion_type') }}
