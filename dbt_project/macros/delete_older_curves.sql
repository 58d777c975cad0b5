{# A merge replaces cells and never removes one: a shortened video would keep its tail.
   One column in the subquery, because Trino takes no more. #}
{% macro delete_older_curves() -%}
    delete from {{ this }}
    where
        engagement_idx < 0
        or media_id || ' ' || cast(snapshot_ts as varchar) not in (
            select newest.media_id || ' ' || cast(max(newest.snapshot_ts) as varchar)
            from {{ this }} as newest
            group by newest.media_id
        )
{%- endmacro %}
