{# Counts across the layers: fails with each key that bronze holds and the table lacks, and
   where bronze holds fewer rows than the manifests list. In an increment of the partitions
   that it has read, else of all.

   keys: by column of the table, `text`, the column of bronze, and `read`, how silver reads it.
   only: SQL of the rows of bronze that have such a key. #}
{% test holds_all_of_bronze(model, resource, of, keys={}, only='1 = 1') %}
{%- set plan = build_plan(resource) -%}
{%- set texts = keys.values() | map(attribute='text') | list -%}
with loaded as (
    select
        {% for text in texts %}{{ text }} as text_{{ loop.index }},
        {% endfor -%}
        {{ only }} as has_key,
        count(*) as row_count
    from {{ of }}
    where {{ is_counted(resource) }}
    group by {{ (texts + [only]) | join(', ') }}
),

{% if keys %}
    missing as (
        select
            {% for text in texts %}coalesce(loaded.text_{{ loop.index }}, '')
                {{ "|| ' ' ||" if not loop.last }}
            {% endfor %} as found
        from loaded
        left join {{ model }} as built
            on
                {% for column, key in keys.items() %}
                    built.{{ column }} = {{ read_key(key.read, 'loaded.text_' ~ loop.index) }}
                    {{ 'and' if not loop.last }}
                {% endfor %}
        where loaded.has_key and built.{{ keys.keys() | first }} is null
    ),
{% endif %}

counted as (
    select coalesce(sum(row_count), 0) as row_count from loaded
)

select
    'bronze.{{ resource }} holds fewer rows than the manifests list' as problem,
    cast(row_count as varchar) || ' of {{ plan.records if plan else 0 }}' as found
from counted
where row_count < {{ plan.records if plan else 0 }}
{% if keys %}
    union all
    select distinct
        '{{ model.identifier }} lacks what bronze.{{ resource }} holds' as problem,
        found
    from missing
{% endif %}
{% endtest %}
