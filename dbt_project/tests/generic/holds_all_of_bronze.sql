{# Counts across the layers: fails with each key that bronze holds and the table lacks, and
   where bronze holds fewer rows than the manifests list. In an increment of the partitions
   that it has read, else of all; each file is read once.

   keys: by column of the table, `text`, the column of bronze, and `read`, how silver reads it.
   only: SQL of the rows of bronze that have such a key. #}
{% test holds_all_of_bronze(model, resource, of, keys, only='1 = 1') %}
{%- set plan = build_plan(resource) -%}
{%- set listed = plan.records if plan else 0 -%}
{%- set texts = keys.values() | map(attribute='text') | list -%}
with loaded as (
    select {{ texts | join(', ') }}, {{ only }} as has_key
    from {{ of }}
    where {{ is_counted(resource) }}
),

checked as (
    select
        case when loaded.has_key and built.{{ keys.keys() | first }} is null then
            {% for text in texts -%}
                coalesce(loaded.{{ text }}, '') {{ "|| ' ' || " if not loop.last }}
            {%- endfor %}
        end as lacking
    from loaded
    left join {{ model }} as built
        on
            {% for column, key in keys.items() %}
                built.{{ column }} = {{ read_key(key.read, 'loaded.' ~ key.text) }}
                {{ 'and' if not loop.last }}
            {% endfor %}
)

select
    case
        when grouping(lacking) = 0
            then '{{ model.identifier }} lacks what bronze.{{ resource }} holds'
        else 'bronze.{{ resource }} holds fewer rows than the manifests list'
    end as problem,
    case
        when grouping(lacking) = 0 then lacking
        else cast(count(*) as varchar) || ' of {{ listed }}'
    end as found
from checked
group by grouping sets ((lacking), ())
having lacking is not null or (grouping(lacking) = 1 and count(*) < {{ listed }})
{% endtest %}
