from functools import partial
from pathlib import Path

import duckdb
import pytest

from reports.errors import PagesError
from reports.export import attach_file, export_tables


@pytest.fixture
def warehouse(tmp_path: Path) -> Path:
    path = tmp_path / "warehouse.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("create schema pages")
        connection.execute(
            "create table pages.status as select date '2026-01-10' as as_of_date, "
            "3::bigint as visitor_count, 1::bigint as media_count, "
            "timestamp '2026-01-10 07:54:00.123' as newest_run_at"
        )
        connection.execute(
            "create table pages.runs (run_id varchar, started_at timestamp, n bigint, day date)"
        )
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "data"
    made.mkdir()
    return made


def rows(file: Path) -> tuple[list[str], list[tuple[object, ...]]]:
    found = duckdb.sql(f"select * from read_parquet('{file}')")  # noqa: S608
    return [str(one) for one in found.types], found.fetchall()


def test_dates_and_times_travel_as_text(warehouse: Path, folder: Path) -> None:
    exported = export_tables(partial(attach_file, warehouse), {"visitors": 3}, folder)
    assert exported == {"runs": 0, "status": 1}
    types, (row,) = rows(folder / "status.parquet")
    assert types == ["VARCHAR", "BIGINT", "BIGINT", "VARCHAR"]
    assert row == ("2026-01-10", 3, 1, "2026-01-10 07:54:00")


def test_a_table_without_rows_is_one_typed_row_of_nothing(warehouse: Path, folder: Path) -> None:
    export_tables(partial(attach_file, warehouse), {}, folder)
    types, found = rows(folder / "runs.parquet")
    assert types == ["VARCHAR", "VARCHAR", "BIGINT", "VARCHAR"]
    assert found == [(None, None, None, None)]


def test_nothing_is_exported_where_bronze_has_rows_and_the_tables_none(
    warehouse: Path, folder: Path
) -> None:
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("update pages.status set visitor_count = 0")
    with pytest.raises(PagesError, match="bronze holds 12,000 records of visitors"):
        export_tables(partial(attach_file, warehouse), {"visitors": 12_000, "media": 2}, folder)
    assert list(folder.iterdir()) == []


def test_tables_not_built_yet_are_a_sentence(tmp_path: Path, folder: Path) -> None:
    with pytest.raises(PagesError, match="there are no tables") as raised:
        export_tables(partial(attach_file, tmp_path / "warehouse.duckdb"), {}, folder)
    assert raised.value.remedy.startswith("run `wistia-elt build`")
    old = tmp_path / "old.duckdb"
    duckdb.connect(str(old)).close()
    with pytest.raises(PagesError, match="have not been built yet"):
        export_tables(partial(attach_file, old), {}, folder)


def test_two_exports_of_the_same_tables_are_the_same_bytes(warehouse: Path, tmp_path: Path) -> None:
    made = []
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        export_tables(partial(attach_file, warehouse), {}, tmp_path / name)
        made.append([path.read_bytes() for path in sorted((tmp_path / name).iterdir())])
    assert made[0] == made[1]
