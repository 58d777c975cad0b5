{# Host and path of an address, without what tells persons apart: login, query, fragment. #}
{% macro url_page(url) -%}
    nullif(regexp_extract({{ url }}, '^https?://([^/?#]*@)?([^?#]*)', 2), '')
{%- endmacro %}

{# The first value of that name in an address's query, of those that name a campaign and no
   person: a word that begins with a letter. An e-mail address, a number or anything longer is
   left out. To match costs a fifth of what it costs to extract. #}
{% macro url_campaign(url, name) -%}
    {%- set query = "replace(split_part(lower(" ~ url ~ "), '#', 1), '?', '&')" -%}
    {%- set value = "split_part(split_part(" ~ query ~ ", '&" ~ name ~ "=', 2), '&', 1)" -%}
    case
        -- Most addresses have none.
        when strpos(lower({{ url }}), '{{ name }}=') > 0
            then case when {{ matches(value, '^[a-z][a-z0-9._-]{0,39}$') }} then {{ value }} end
    end
{%- endmacro %}
