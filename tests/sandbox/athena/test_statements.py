"""Athena's statements on the running stack, by boto3 as it is."""

import gzip

from tests.sandbox.athena.asking import Asking


def test_values_are_written_as_athena_writes_them(ask: Asking) -> None:
    rows = ask.rows(
        "select 1 as a, null as b, 'x\"y' as c, '' as d, timestamp '2026-01-01 00:00:00.123456' "
        "as e, array[1, 2] as f, cast(row(1, 'z') as row(x integer, y varchar)) as g, "
        "map(array['k'], array[1.5e0]) as h, 1e10 as i, decimal '1.50' as j, x'6162' as k, "
        "true as l, date '2026-01-02' as m, timestamp '2026-01-01 00:00:00 UTC' as n, "
        "'a;\\' as o -- a ';' in a remark"
    )
    assert rows[0] == list("abcdefghijklmno")
    assert rows[1] == [
        *["1", None, 'x"y', "", "2026-01-01 00:00:00.123", "[1, 2]", "{x=1, y=z}"],
        *["{k=1.5}", "1.0E10", "1.50", "61 62", "true", "2026-01-02"],
        *["2026-01-01 00:00:00.000 UTC", "a;\\"],
    ]


def test_a_query_leaves_a_csv_file_with_every_cell_quoted(ask: Asking) -> None:
    execution = ask.run("select 1 as a, null as b, '' as c", ResultConfiguration=ask.output("r/"))
    assert execution["ResultConfiguration"]["OutputLocation"].endswith(
        f"/r/{execution['QueryExecutionId']}.csv"
    )
    assert ask.read(f"r/{execution['QueryExecutionId']}.csv") == b'"a","b","c"\n"1",,""\n'


def test_declared_json_is_read_once_its_partitions_are_known(ask: Asking) -> None:
    ask.declare_events()
    ask.put("events/day=2026-01-01/a.json", '{"id": "1", "at": {"x": "ä"}}\n{"id": "2"}\n'.encode())
    query = "select id, at.x, day from events order by id"
    assert ask.rows(query)[1:] == []
    ask.run("alter table events add if not exists partition (day = '2026-01-01')")
    assert ask.rows(query)[1:] == [["1", "ä", "2026-01-01"], ["2", None, "2026-01-01"]]
    ask.run("alter table events drop partition (day = '2026-01-01')")
    assert ask.rows(query)[1:] == []
    assert ask.files("events/") == ["day=2026-01-01/a.json"]


def test_bytes_scanned_are_of_the_partitions_asked_for(events: Asking) -> None:
    everything = events.run("select count(*) from events")["Statistics"]["DataScannedInBytes"]
    a_day = events.run("select count(*) from events where day = '2026-01-02'")
    assert everything == sum(len(events.read(f"events/{f}")) for f in events.files("events/"))
    assert a_day["Statistics"]["DataScannedInBytes"] == len('{"id": "3"}\n')


def test_listings_are_lines_as_hive_prints_them(events: Asking) -> None:
    assert events.rows("show tables '*vent*|other'") == [["events"]]
    assert events.rows("show partitions events") == [["day=2026-01-01"], ["day=2026-01-02"]]
    described = [row[0] for row in events.rows(f"describe `{events.database}`.`events`")]
    assert described[0] == "id                  \tstring              \ta key               "
    assert described[-1] == "day                 \tstring              \t                    "
    assert [events.database] in events.rows("show databases")


def test_a_table_made_of_a_query_is_parquet_and_names_its_files(events: Asking) -> None:
    execution = events.run(
        f"create table copied with (external_location = '{events.lake}/copied/', "
        "partitioned_by = array['day'], write_compression = 'SNAPPY') as "
        "select id, day from events"
    )
    assert events.rows("select * from copied order by id")[1:] == [
        ["1", "2026-01-01"],
        ["2", "2026-01-01"],
        ["3", "2026-01-02"],
    ]
    manifest = execution["Statistics"]["DataManifestLocation"]
    listed = events.read_uri(manifest).decode().split()
    assert sorted(listed) == [f"{events.lake}/copied/{file}" for file in events.files("copied/")]
    assert events.table("copied")["TableType"] == "EXTERNAL_TABLE"
    assert events.table("copied")["StorageDescriptor"]["SerdeInfo"]["SerializationLibrary"] == (
        "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"
    )


def test_an_unload_leaves_files_and_no_table(events: Asking) -> None:
    execution = events.run(
        f"unload (select id, 1 from events order by id) to '{events.lake}/out/' "
        "with (format = 'TEXTFILE', field_delimiter = ',', compression = 'gzip')"
    )
    files = events.files("out/")
    text = b"".join(gzip.decompress(events.read(f"out/{file}")) for file in files)
    assert sorted(text.decode().split()) == ["1,1", "2,1", "3,1"]
    manifest = events.read_uri(execution["Statistics"]["DataManifestLocation"]).decode()
    assert manifest.split() == [f"{events.lake}/out/{file}" for file in files]
    assert events.rows("show tables") == [["events"]]


def test_views_tell_the_catalog_their_columns(events: Asking) -> None:
    events.run("create or replace view seen as select id, at, 1 as n from events")
    assert events.table("seen")["StorageDescriptor"]["Columns"] == [
        {"Name": "id", "Type": "string"},
        {"Name": "at", "Type": "struct<x:string>"},
        {"Name": "n", "Type": "int"},
    ]
    assert events.rows("select id from seen where at.x = 'ä'")[1:] == [["1"]]
    events.run("drop view if exists seen")


def test_hive_tables_change_in_the_catalog(events: Asking) -> None:
    events.run("alter table events add columns (most bigint comment 'a number')")
    events.run("alter table events set tblproperties ('a' = 'b')")
    table = events.table("events")
    assert table["StorageDescriptor"]["Columns"][-1] == {
        "Name": "most",
        "Type": "bigint",
        "Comment": "a number",
    }
    assert table["Parameters"]["a"] == "b"
    events.run(f"drop database {events.database} cascade")
    assert events.files("events/") != []


def test_parameters_take_the_place_of_question_marks(events: Asking) -> None:
    query = "select id from events where day = ? and id > ?"
    rows = events.rows(query, ExecutionParameters=["'2026-01-01'", "'1'"])
    assert rows == [["id"], ["2"]]
