{# Host and path of an address, without what tells persons apart: login, query, fragment. #}
{% macro url_page(url) -%}
    nullif(regexp_extract({{ url }}, '^https?://([^/?#]*@)?([^?#]*)', 2), '')
{%- endmacro %}

{# One value of an address's query, of those that name a campaign and no person: a word that
   begins with a letter. An e-mail address, a number or anything longer is left out. #}
{% macro url_campaign(url, name) -%}
    case
        -- Most addresses have none, and a pattern costs more than a look.
        when strpos(lower({{ url }}), '{{ name }}=') > 0
            then nullif(
                regexp_extract(
                    lower({{ url }}),
                    '^[^#]*[?&]{{ name }}=([a-z][a-z0-9._-]{0,39})(&|#|$)',
                    1
                ),
                ''
            )
    end
{%- endmacro %}
