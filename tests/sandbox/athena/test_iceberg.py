"""Iceberg's tables: rows change, commits collide, files are tidied up."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.sandbox.athena.asking import Asking


@pytest.fixture
def counted(ask: Asking) -> Asking:
    """A table `counted` with ids 1 to 3 and count 0."""
    ask.run(
        "create table counted with (table_type = 'ICEBERG', is_external = false, "
        f"location = '{ask.lake}/counted/', format = 'parquet', "
        "vacuum_max_snapshot_age_seconds = 1) as "
        "select id, 0 as n, cast(null as timestamp(6)) as at from (values 1, 2, 3) as t(id)"
    )
    return ask


def test_rows_are_merged_updated_and_deleted(counted: Asking) -> None:
    counted.run(
        "merge into counted as t using (values (3, 30), (4, 40)) as s(id, n) on t.id = s.id "
        "when matched then update set n = s.n "
        "when not matched then insert (id, n) values (s.id, s.n)"
    )
    counted.run("update counted set at = timestamp '2026-01-01 10:00:00' where id = 4")
    counted.run("delete from counted where id = 1")
    assert counted.rows("select * from counted order by id")[1:] == [
        ["2", "0", None],
        ["3", "30", None],
        ["4", "40", "2026-01-01 10:00:00.000"],
    ]


def test_columns_come_and_go_by_ddl(counted: Asking) -> None:
    counted.run("alter table counted add columns (more struct<a:int, b:array<string>>)")
    counted.run("alter table counted change column n total bigint")
    counted.run("alter table counted drop column at")
    columns = counted.table("counted")["StorageDescriptor"]["Columns"]
    assert [(column["Name"], column["Type"]) for column in columns] == [
        ("id", "int"),
        ("total", "bigint"),
        ("more", "struct<a:int,b:array<string>>"),
    ]
    assert columns[0]["Parameters"]["iceberg.field.current"] == "true"


def test_an_empty_table_is_declared_with_transforms(ask: Asking) -> None:
    ask.run(
        "create table visits (id bigint comment 'a key', at timestamp, tag string) "
        f"partitioned by (day(at), bucket(4, id), tag) location '{ask.lake}/visits/' "
        "tblproperties ('table_type' = 'ICEBERG', 'format' = 'parquet')"
    )
    ask.run("insert into visits values (1, timestamp '2026-01-01 10:00:00', 'x')")
    assert ask.rows('select partition.at_day, partition.tag from "visits$partitions"')[1:] == [
        ["2026-01-01", "x"]
    ]
    ask.run("drop table visits")
    assert ask.files("visits/") == []


def test_optimize_and_vacuum_leave_one_small_file(counted: Asking) -> None:
    counted.run("insert into counted values (5, 0, null)")
    assert len(counted.files("counted/data/")) == 2
    counted.run("optimize counted rewrite data using bin_pack")
    counted.run("alter table counted set tblproperties ('vacuum_max_snapshot_age_seconds' = '0')")
    counted.run("vacuum counted")
    assert len(counted.files("counted/data/")) == 1
    assert counted.rows("select count(*) from counted")[1] == ["4"]


def test_of_updates_at_the_same_time_none_is_lost(counted: Asking) -> None:
    with ThreadPoolExecutor(4) as pool:
        ended = list(pool.map(counted.execute, ["update counted set n = n + 1"] * 4))
    states = [execution["Status"] for execution in ended]
    failed = [status for status in states if status["State"] == "FAILED"]
    done = sum(status["State"] == "SUCCEEDED" for status in states)
    assert done >= 1
    assert done + len(failed) == 4
    assert counted.rows("select distinct n from counted")[1:] == [[str(done)]]
    for status in failed:
        assert "ICEBERG_COMMIT_ERROR" in status["StateChangeReason"]
        assert status["AthenaError"]["ErrorType"] == 233
