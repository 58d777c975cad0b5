{# What an increment looks back to: fetched before the model runs and printed as a literal,
   since neither engine prunes files by a subquery with certainty. #}

{# The time of landing from which a table of gold has not seen all rows. #}
{% macro landed_since(column) -%}
    {%- set newest = namespace(at=none) -%}
    {%- if execute and this is not string and is_incremental() -%}
        {%- set newest.at = only_value('select max(' ~ column ~ ') as bound from ' ~ this) -%}
    {%- endif -%}
    {%- set late = modules.datetime.timedelta(days=var('late_partition_days') | int) -%}
    timestamp '{{
        (newest.at - late).strftime('%Y-%m-%d %H:%M:%S') if newest.at else '0001-01-01 00:00:00'
    }}'
{%- endmacro %}

{# The day before the first one that an increment counts anew. An event that came again counts
   from the day it came first, so whatever day held it before is among them; days of media
   count from the first one told since. Where older days no longer hold as many events as
   there are (a person was forgotten), all of them. #}
{% macro first_changed_day(counted, with_days=false) -%}
    {%- if not (execute and this is not string and is_incremental()) -%}
        {{- return('0001-01-01') -}}
    {%- endif -%}
    {%- set events = ref('fact_events') -%}
    {%- set found = [only_value(
        'select cast(min(first_received_at) as date) as bound from ' ~ events
        ~ ' where ingested_at >= ' ~ landed_since('ingested_at')
    )] -%}
    {%- if with_days -%}
        {%- do found.append(only_value(
            'select min(activity_date) as bound from ' ~ ref('fact_media_daily')
            ~ ' where snapshot_ts >= ' ~ landed_since('snapshot_ts')
        )) -%}
    {%- endif -%}
    {%- set days = found | reject('none') | list -%}
    {#- A day of the account's zone begins at most 14 hours before UTC's. -#}
    {%- set before = modules.datetime.timedelta(days=2) -%}
    {%- set day = (days | min - before).strftime('%Y-%m-%d') if days else '9999-01-01' -%}
    {%- set missed = only_value(
        'select (select count(*) from ' ~ events ~ ')'
        ~ ' - (select count(*) from ' ~ events ~ " where received_at >= timestamp '" ~ day
        ~ " 00:00:00' and " ~ local_date('received_at') ~ " > date '" ~ day ~ "')"
        ~ ' - (select coalesce(sum(' ~ counted ~ '), 0) from ' ~ this
        ~ " where activity_date <= date '" ~ day ~ "') as bound"
    ) -%}
    {{- return('0001-01-01' if missed else day) -}}
{%- endmacro %}

{# SQL of whether a visitor is counted anew: those who have events that landed since. Where the
   others hold more or fewer events than there are (one came again as another visitor's),
   everybody. #}
{% macro changed_visitors() -%}
    {%- if not (execute and this is not string and is_incremental()) -%}
        {{- return('visitor_key is not null') -}}
    {%- endif -%}
    {%- set events = ref('fact_events') -%}
    {%- set changed = 'visitor_key in (select seen.visitor_key from ' ~ events
        ~ ' as seen where seen.ingested_at >= ' ~ landed_since('ingested_at') ~ ')' -%}
    {%- set missed = only_value(
        'select (select count(*) from ' ~ events ~ ' where not ' ~ changed ~ ')'
        ~ ' - (select coalesce(sum(event_count), 0) from ' ~ this ~ ' where not ' ~ changed
        ~ ') as bound'
    ) -%}
    {{- return('visitor_key is not null' if missed else changed) -}}
{%- endmacro %}

{% macro only_value(sql) -%}
    {%- set result = run_query(sql) -%}
    {{ return(result.rows[0][0] if result and result.rows | length else none) }}
{%- endmacro %}

{# A merge adds and replaces, and never removes: what no longer has an event comes out as
   a row of nothing, and this takes it away. #}
{% macro delete_emptied(condition) -%}
    delete from {{ this }}
    where {{ condition }}
{%- endmacro %}
