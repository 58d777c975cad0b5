"""What Athena refuses is refused here, never quietly done."""

import re

import pytest
from botocore.exceptions import ClientError

from tests.sandbox.athena.asking import Asking
from tests.support.aws.athena_stack import AthenaStack

NO_QUERY = "Queries of this type are not supported"
NOT_STARTED: list[tuple[str, str, dict[str, object]]] = [
    ("select 1; select 2", "Only one sql statement is allowed", {}),
    ("-- nothing", "Query is empty", {}),
    ("select 'a", "a quote is never closed", {}),
    ("selec 1", NO_QUERY, {}),
    ("call system.x()", NO_QUERY, {}),
    ("set session a = 1", NO_QUERY, {}),
    ("grant select on a to b", NO_QUERY, {}),
    ("truncate table a", NO_QUERY, {}),
    ("execute nowhere using 1", NO_QUERY, {}),
    ("select 1", "WorkGroup nowhere is not found", {"WorkGroup": "nowhere"}),
    (
        *("select 1", "Unable to verify/create output bucket nowhere"),
        {"ResultConfiguration": {"OutputLocation": "s3://nowhere/x/"}},
    ),
    (
        *("select 1", "not a valid S3 path"),
        {"ResultConfiguration": {"OutputLocation": "/tmp/x"}},  # noqa: S108
    ),
    (
        *("select 1", "DataCatalog other was not found"),
        {"QueryExecutionContext": {"Catalog": "other"}},
    ),
]
FAILED = {
    "select from where": "SYNTAX_ERROR: line 1:8: mismatched input 'from'",
    "select nope from events": "COLUMN_NOT_FOUND: line 1:8: Column 'nope' cannot be resolved",
    "select `id` from events": "backquoted identifiers are not supported",
    "create table made (id int)": "needs the EXTERNAL keyword",
    "create external table made (id int)": "needs a LOCATION",
    "create external table made (id number) location 's3://lake/x/'": "no such type: number",
    "create external table made (id int) row format serde 'a.b' location 's3://lake/x/'": "a.b",
    "create external table made (id int) stored as ion location 's3://lake/x/'": "ION",
    "create table made with (formats = 'PARQUET') as select 1 as a": "property 'formats'",
    "create table made with (format = 'XML') as select 1 as a": "'XML' is not supported",
    "create table made with (table_type = 'DELTA') as select 1 as a": "neither HIVE nor ICEBERG",
    "create table made with (table_type = 'ICEBERG') as select 1 as a": "location is required",
    "create table made with (table_type = 'ICEBERG', location = 's3://lake/x/') as "
    "select timestamp '2026-01-01 00:00:00.000' as a": 'Use "timestamp(6)" instead',
    "create table made with (table_type = 'ICEBERG', location = 's3://lake/x/') as "
    "select cast(1 as smallint) as a": "Type not supported for Iceberg: smallint",
    "create table made (id int) location 's3://lake/x/' tblproperties "
    "('table_type' = 'ICEBERG', 'write.format.default' = 'orc')": "write.format.default",
    "create table events as select 1 as a": "TABLE_ALREADY_EXISTS",
    "delete from events where id = '1'": "Modifying Hive table rows is not supported",
    "merge into events using (select 1 as a) s on id = '1' when matched then delete": "NOT_SUPP",
    "optimize events rewrite data using bin_pack": "is not an Iceberg table",
    "drop table nowhere": "Table not found",
    "drop database nowhere": "Database does not exist: nowhere",
    "alter table events rename to other": "expecting a change that Athena makes to Hive tables",
    "alter table events add partition (id = '1')": "partition columns",
    "alter table events add partition (day = '2026-01-01')": "AlreadyExistsException",
    "show partitions nowhere": "Table not found",
    "unload (select 1 as a) to 's3://lake/x/' with (forma = 'JSON')": "property 'forma'",
    "create view seen as select nope from events": "COLUMN_NOT_FOUND",
}


@pytest.fixture(scope="module")
def shared(athena: AthenaStack) -> Asking:
    """One database with a Hive table `events`; no failing statement changes it."""
    ask = Asking(athena)
    ask.put("events/day=2026-01-01/a.json", b'{"id": "1"}\n')
    ask.declare_events()
    return ask


@pytest.mark.parametrize(("sql", "why", "request_"), NOT_STARTED)
def test_what_is_no_query_of_athena_is_not_started(
    shared: Asking, sql: str, why: str, request_: dict[str, object]
) -> None:
    with pytest.raises(ClientError, match=re.escape(why)) as refused:
        shared.start(sql, **request_)
    assert refused.value.response["Error"]["Code"] == "InvalidRequestException"


def test_what_athena_cannot_do_fails_and_changes_nothing(shared: Asking) -> None:
    started = {sql: shared.start(sql) for sql in FAILED}
    for sql, name in started.items():
        status = shared.wait(name)["Status"]
        assert status["State"] == "FAILED", sql
        assert FAILED[sql] in status["StateChangeReason"], sql
    assert shared.rows("show tables") == [["events"]]
    assert shared.rows("select count(*) from events")[1] == ["1"]


def test_the_hundred_and_first_partition_fails_a_query(ask: Asking) -> None:
    for kind, head in {
        "HIVE": f"external_location = '{ask.lake}/hive/', partitioned_by = array['p']",
        "ICEBERG": f"table_type = 'ICEBERG', location = '{ask.lake}/ice/', "
        "is_external = false, partitioning = array['p']",
    }.items():
        reason = ask.failure(
            f"create table many with ({head}) as "
            "select 1 as a, cast(n as varchar) as p from unnest(sequence(1, 101)) as t(n)"
        )
        assert f"{kind}_TOO_MANY_OPEN_PARTITIONS" in reason
    assert ask.rows("show tables") == []


def test_files_are_never_written_among_others(ask: Asking) -> None:
    ask.put("taken/a.txt", b"here before\n")
    made = ask.failure(f"create table t with (external_location = '{ask.lake}/taken/') as select 1")
    unloaded = ask.failure(f"unload (select 1) to '{ask.lake}/taken/' with (format = 'JSON')")
    assert "HIVE_PATH_ALREADY_EXISTS" in made
    assert "HIVE_PATH_ALREADY_EXISTS" in unloaded
    assert ask.files("taken/") == ["a.txt"]


UNREADABLE = [
    (b'{"id": "2', "HIVE", ("ignore.malformed.json", "true"), None),
    (
        *(b'{"id": "2", "a": {"X": 1, "x": 2}}', 'Duplicate key "x"'),
        *(("case.insensitive", "FALSE"), "2"),
    ),
]


@pytest.mark.parametrize(("line", "why", "property_", "read"), UNREADABLE)
def test_a_line_of_json_makes_a_table_unreadable_unless_the_table_forgives(
    ask: Asking, line: bytes, why: str, property_: tuple[str, str], read: str | None
) -> None:
    ask.put("events/day=2026-01-01/a.json", b'{"id": "1"}\n' + line + b"\n")
    ask.declare_events()
    assert why in ask.failure("select id from events")
    ask.run("drop table events")
    ask.declare_events(*property_)
    assert ask.rows("select id from events order by id")[1:] == [["1"], [read]]
