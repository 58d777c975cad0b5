"""A damaged file of tables mends itself: everything in it can be made again from bronze."""

import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import duckdb
import pytest

from flows.duckdb.erase import WarehouseTables
from flows.duckdb.warehouse import is_damaged, memory_limit
from flows.stages.build import build
from flows.stages.dbt import BuildResult
from flows.stages.query import query
from ingestion.config.errors import ReadableError, TablesHeldError
from ingestion.config.settings import Settings
from ingestion.storage.local import LocalLake
from reports.export import attach_file, export_tables, why_unreadable


@pytest.fixture
def good(tmp_path: Path) -> Path:
    """A file of two tables, one in a schema and with a name that must be quoted."""
    path = tmp_path / "warehouse.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("pragma force_compression = 'uncompressed'")
        connection.execute('create schema "a b"; create table "a b"."select" as select 1 as one')
        connection.execute(
            "create table texts as select i, repeat('planted', 20) as text from range(20000) t(i)"
        )
    return path


def test_a_good_file_is_not_damaged(good: Path) -> None:
    assert not is_damaged(good)
    assert not is_damaged(good.with_name("none.duckdb"))


def test_damage_is_found_wherever_it_lies(good: Path) -> None:
    whole = good.read_bytes()
    # The header, and a block in the middle of the texts.
    for at in (0, whole.index(b"planted", len(whole) // 2)):
        good.write_bytes(whole[:at] + b"\0" * 4096 + whole[at + 4096 :])
        assert is_damaged(good), at
    good.write_bytes(whole[: len(whole) // 2])
    assert is_damaged(good)


@pytest.mark.parametrize(
    ("machine", "taken"),
    [("1TiB", "3GB"), ("20GiB", "3GB"), ("2GiB", "2.0 GiB"), ("900MiB", "900.0 MiB")],
)
def test_a_build_holds_three_gigabytes_or_what_a_smaller_machine_has(
    monkeypatch: pytest.MonkeyPatch, machine: str, taken: str
) -> None:
    monkeypatch.setattr(
        duckdb, "connect", partial(duckdb.connect, config={"memory_limit": machine})
    )

    assert memory_limit() == taken


def test_a_build_sets_a_damaged_file_aside_and_makes_all_anew(tmp_path: Path) -> None:
    settings = Settings(lake_uri=str(tmp_path / "lake"))
    lake = LocalLake(settings.lake_path)
    settings.warehouse_path.write_bytes(b"no file of DuckDB's")

    built = build(settings, lake, as_of_date="2026-01-10")

    assert len(built.tables) > 30
    assert not is_damaged(settings.warehouse_path)
    aside = settings.lake_path / "warehouse.damaged.duckdb"
    assert aside.read_bytes() == b"no file of DuckDB's"


def test_a_full_refresh_needs_nothing_of_the_file_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As `redact` asks for one: what it leaves must hold nobody in clear."""
    settings = Settings(lake_uri=str(tmp_path / "lake"))
    lake = LocalLake(settings.lake_path)
    settings.warehouse_path.write_bytes(b"no file of DuckDB's")
    monkeypatch.setattr("flows.stages.build.run_dbt", lambda *_, **__: BuildResult((), 0, ()))

    build(settings, lake, as_of_date="2026-01-10", full_refresh=True)

    assert not is_damaged(settings.warehouse_path)
    assert not list(settings.lake_path.glob("warehouse.damaged*"))


def test_a_damaged_file_is_called_so_with_what_heals_it(good: Path) -> None:
    good.write_bytes(good.read_bytes()[:5000])
    settings = Settings(lake_uri=str(good.parent))

    for ask in (
        lambda: query(settings, "select 1"),
        lambda: WarehouseTables(good).erase({"a key"}),
        lambda: export_tables(partial(attach_file, good), {}, good.parent),
    ):
        with pytest.raises(ReadableError, match="is damaged") as told:
            ask()
        assert told.value.remedy.startswith("run `wistia-elt build`")


@pytest.mark.parametrize(
    ("said", "cause", "remedy"),
    [
        # Of DuckDB 1.5.5, about a file of 2.0.1's.
        ("version number 999, but we can only read versions", "a newer DuckDB", "run `wistia-elt"),
        ('Cannot open file "a": Permission denied', "this user may not read", "give this user"),
    ],
)
def test_a_file_of_a_newer_duckdb_or_of_another_user_is_not_called_damaged(
    said: str, cause: str, remedy: str
) -> None:
    told = why_unreadable(Path("a"), duckdb.IOException(said))
    assert cause in told[0]
    assert told[1].startswith(remedy)


@pytest.fixture
def held(tmp_path: Path) -> Iterator[Settings]:
    """A lake whose tables another program has open, as DBeaver and notebooks do by default."""
    settings = Settings(lake_uri=str(tmp_path / "lake"))
    LocalLake(settings.lake_path)
    code = (
        f"import duckdb; file = duckdb.connect({str(settings.warehouse_path)!r}); "
        "file.execute('create table notes as select 1 as one'); print('open', flush=True); input()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as program:
        assert program.stdout
        assert program.stdout.readline() == b"open\n"
        yield settings
        program.communicate(b"\n", timeout=30)


def test_a_file_that_another_program_holds_is_not_called_damaged(held: Settings) -> None:
    lake, before = LocalLake(held.lake_path), held.warehouse_path.stat().st_ino

    for ask in (
        lambda: build(held, lake, as_of_date="2026-01-10"),
        lambda: query(held, "select 1"),
        lambda: export_tables(partial(attach_file, held.warehouse_path), {}, held.lake_path),
        lambda: WarehouseTables(held.warehouse_path).find_keys("jo@example.com"),
    ):
        with pytest.raises(TablesHeldError, match=r"process \d+\) has .* open for writing") as told:
            ask()
        assert "read-only" in told.value.remedy
        assert told.value.exit_code == 1

    assert held.warehouse_path.stat().st_ino == before
    assert not list(held.lake_path.glob("warehouse.damaged*"))
