-- Which organizations' people watch most, by their name or else their address?
select
    coalesce(org_name, email_domain) as organization,
    count(*) as people,
    count(case when is_new then 1 end) as new_people,
    sum(event_count) as plays,
    max(last_active_at) as last_active_at
from {{ ref('leads') }}
where org_name is not null or email_domain is not null
group by coalesce(org_name, email_domain)
order by people desc, organization asc
