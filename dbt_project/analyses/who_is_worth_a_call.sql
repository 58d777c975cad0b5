-- Who left a name or an address lately, and what did they watch?
select
    name,
    email,
    coalesce(org_name, email_domain) as organization,
    known_since,
    watched_media_count,
    most_viewed,
    watched_seconds / 60.0 as minutes_watched,
    last_play_at
from {{ ref('leads') }}
where is_new
order by watched_seconds desc nulls last, known_since desc, visitor_key asc
