{# The declarations use string, struct<a:string,b:struct<c:string>> and array<…> around
   either, and nothing else: text replacement is enough, and anything new fails loudly. #}
{% macro duckdb_type(hive_type) %}
    {% set is_array = hive_type.startswith('array<') %}
    {% set item = hive_type[6:-1] if is_array else hive_type %}
    {% set plain = item.replace('string', 'varchar').replace('<', '(').replace('>', ')') %}
    {{ return(plain.replace(':', ' ').replace(',', ', ') ~ ('[]' if is_array else '')) }}
{% endmacro %}
