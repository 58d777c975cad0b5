{# A merge replaces cells and never removes one: a shortened video would keep its tail.
   One column in the subquery, because Trino takes no more. #}
{% macro delete_older_curves() -%}
    {%- set told = "media_id || ' ' || cast(snapshot_ts as varchar) || ' ' || coalesce(cast(ingested_at as varchar), '')" -%}
    delete from {{ this }}
    where
        {{ told }} not in (
            select max({{ told }})
            from {{ this }}
            group by media_id
        )
{%- endmacro %}
