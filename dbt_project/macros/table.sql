{# DuckDB replaces a table in one statement: who reads keeps the old one until the commit.
   dbt-duckdb's own builds beside it, renames twice and drops, a fifth of a build's time. #}
{% materialization table, adapter='duckdb' %}
    {%- set old = load_cached_relation(this) -%}
    {%- set target_relation = this.incorporate(type='table') -%}
    {{ run_hooks(pre_hooks) }}
    {% if old is not none and not old.is_table %}
        {% do adapter.drop_relation(old) %}
    {% endif %}
    {% call statement('main') -%}
        {% if config.get('contract').enforced %}
            {{ get_assert_columns_equivalent(sql) }}
        {% endif %}
        create or replace table {{ target_relation }} as (
            {{ sql }}
        )
    {%- endcall %}
    {{ run_hooks(post_hooks) }}
    {% do persist_docs(target_relation, model) %}
    {% do adapter.commit() %}
    {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}

{# On Athena a new version is made beside, and swapped in Glue: running readers keep their
   files. dbt-athena's own asks two statements more a table: one to say what the first one did,
   and one for a property that Glue's own jobs read. #}
{% materialization table, adapter='athena' %}
    {%- set old = load_cached_relation(this) -%}
    {%- set target_relation = this.incorporate(type='table') -%}
    {%- set beside = api.Relation.create(
        database=database,
        schema=schema,
        identifier=this.identifier ~ '__ha',
        s3_path_table_part=this.identifier,
        type='table',
    ) -%}
    {{ run_hooks(pre_hooks) }}
    {% if old is not none and not old.is_table %}
        {% do adapter.drop_relation(old) %}
        {%- set old = none -%}
    {% endif %}
    {% do adapter.delete_from_glue_catalog(beside) %}
    {% call statement('main') -%}
        {{ create_table_as(False, target_relation if old is none else beside, sql) }}
    {%- endcall %}
    {% if old is not none %}
        {% do adapter.swap_table(beside, target_relation) %}
        {% do adapter.delete_from_glue_catalog(beside) %}
        {% do adapter.expire_glue_table_versions(target_relation, 4, True) %}
    {% endif %}
    {{ run_hooks(post_hooks) }}
    {% do persist_docs(target_relation, model) %}
    {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}
