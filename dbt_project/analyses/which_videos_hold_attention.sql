-- Which videos hold attention, and how do they stand among others of their length?
select
    media_id,
    name,
    length_band,
    same_length_count,
    completion_rate,
    engagement,
    engagement_percentile,
    is_archived,
    tags
from {{ ref('media_benchmarks') }}
order by engagement_percentile desc nulls last, media_id asc
