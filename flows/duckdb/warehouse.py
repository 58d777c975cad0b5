"""DuckDB's file: the copy that a build works in, and how it takes the good one's place."""

from __future__ import annotations

import json
import shutil
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from flows.stages.increments import Record, parse_record
from ingestion.config.errors import BuildError, LakeError
from ingestion.state.inventory import part_of
from reports.export import told_if_held

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ingestion.state.inventory import Inventory

BUILDING = "warehouse.building.duckdb"
_MOST_GB = 3
# What says nothing of a file: it may be whole, and there was no memory or time to read it.
_NO_DAMAGE = (duckdb.OutOfMemoryException, duckdb.InterruptException)


@contextmanager
def workshop(good: Path) -> Iterator[Path]:
    """A folder to write DuckDB's files in, while the block lasts: the good one's own.

    DuckDB puts its log's name before a `?` of the path, whatever folder that makes, and
    dbt-duckdb reads a path as an address, which ends at `#`: such a lake's file is made elsewhere.
    """
    if not set("?#") & set(str(good)):
        try:
            yield good.parent
        except BaseException:
            # Half-built: of no use to anyone, and the names of people are in it.
            with suppress(LakeError):
                clear(good.parent / BUILDING)
            raise
        return
    with tempfile.TemporaryDirectory(prefix="wistia-elt-") as folder:
        yield Path(folder)


def start_copy(good: Path, copy: Path, *, empty: bool) -> None:
    """Copy the last good file, or begin an empty one."""
    clear(copy)
    if empty or not good.exists():
        return
    try:
        shutil.copyfile(good, copy)
    except OSError as error:
        raise LakeError(
            f"cannot copy {good} to build in: {error.strerror}",
            f"free at least {good.stat().st_size // 1_000_000 + 1} MB and build again",
        ) from error


def clear(copy: Path) -> None:
    """Remove a file that was being built, its log, and what had no room in memory."""
    shutil.rmtree(copy.with_name(copy.name + ".tmp"), ignore_errors=True)
    for stale in (copy, copy.with_name(copy.name + ".wal")):
        try:
            stale.unlink(missing_ok=True)
        except OSError as error:
            raise LakeError(
                f"cannot build in {stale}: {error.strerror}",
                f"move what lies at {stale} away and build again; the last good tables stay",
            ) from error


def is_damaged(path: Path) -> bool:
    """Whether a file of DuckDB's cannot be read to its end; reads every column of every table.

    Raises `TablesHeldError` where another program keeps it.
    """
    if not path.exists():
        return False
    try:
        with open_file(path) as connection:
            tables = connection.execute(
                'select format(\'"{}"."{}"\', schema_name, table_name) from duckdb_tables()'
            ).fetchall()
            for (table,) in tables:
                connection.execute(f"select bit_xor(hash(one)) from {table} as one")  # noqa: S608
    except duckdb.Error as error:
        return not (isinstance(error, _NO_DAMAGE) or "Permission denied" in str(error))
    return False


def set_aside(damaged: Path) -> Path:
    """Put a damaged file where no build and no reader looks; an older one there is replaced."""
    aside = damaged.with_name("warehouse.damaged.duckdb")
    damaged.replace(aside)
    damaged.with_name(damaged.name + ".wal").unlink(missing_ok=True)
    return aside


def read_record(path: Path) -> Record | None:
    """What the build of this file had read; None of an empty file, or one of older code."""
    if not path.exists():
        return None
    try:
        rows = ask_file(path, "select record from bronze.last_build")
    except duckdb.CatalogException:
        return None
    except duckdb.Error as error:
        raise _unwritable(path, error) from error
    return parse_record(rows[0][0]) if rows else None


def write_objects(copy: Path, inventory: Inventory) -> None:
    """List what a build reads in the file it works in: its views on bronze read these files."""
    counts = {key: one.records for key, one in inventory.objects.items()}
    found = [
        *({"resource": part_of(key).resource, "key": key, "n": n} for key, n in counts.items()),
        *({"resource": "runs", "key": key, "n": 1} for key in inventory.runs),
    ]
    with _writing(copy) as connection:
        connection.execute("create schema if not exists bronze")
        connection.execute(
            "create or replace table bronze.objects as select one.resource, one.key, "  # noqa: S608
            f"one.n as record_count from (select unnest(from_json({quote(json.dumps(found))}, "
            """'[{"resource": "varchar", "key": "varchar", "n": "bigint"}]')) as one)"""
        )


def memory_limit() -> str:
    """What DuckDB may hold in memory while it builds: 3 GB, less where the machine has less."""
    with duckdb.connect() as connection:
        (own,) = connection.execute("select current_setting('memory_limit')").fetchall()[0]
    number, unit = str(own).split()
    has_more = unit == "TiB" or (unit == "GiB" and float(number) > _MOST_GB)
    return f"{_MOST_GB}GB" if has_more else str(own)


def quote(value: object) -> str:
    """SQL of a text. DuckDB loads pandas to look at a parameter, half a second a build."""
    return "'" + str(value).replace("'", "''") + "'"


@contextmanager
def open_file(file: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a file to read it; raises `TablesHeldError` where another program writes to it."""
    with told_if_held(file):
        connection = duckdb.connect(str(file), read_only=True)
    with connection:
        yield connection


def ask_file(file: Path, sql: str, *parameters: object) -> list[tuple[Any, ...]]:
    """Rows of a query on a file that nobody writes."""
    with open_file(file) as connection:
        return connection.execute(sql, parameters).fetchall()


def tables_of(file: Path) -> list[str]:
    """Names of the tables in a file that nobody writes, each behind its schema's."""
    names = "select format('{}.{}', schema_name, table_name) from duckdb_tables()"
    return [str(name) for (name,) in ask_file(file, names)]


def publish(copy: Path, good: Path, record: Record | None) -> None:
    """Let a built file take the good one's place; without a record what is recorded stays."""
    with _writing(copy) as connection:
        if record is not None:
            connection.execute(
                f"create or replace table bronze.last_build as select {quote(record.to_json())} "
                "as record"
            )
        # What is still in the write-ahead log belongs in the file before it moves.
        connection.execute("checkpoint")
    try:
        put_in_place(copy, good)
    except OSError as error:
        raise _unwritable(good, error) from error


def put_in_place(file: Path, good: Path) -> None:
    """Let a whole file take the good one's place by a rename."""
    near = good.with_name("warehouse.moving.duckdb")
    shutil.move(file, near)
    near.replace(good)


@contextmanager
def _writing(copy: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    try:
        with duckdb.connect(str(copy)) as connection:
            yield connection
    except (duckdb.Error, OSError) as error:
        raise _unwritable(copy, error) from error


def _unwritable(path: Path, error: Exception) -> BuildError:
    return BuildError(
        f"the tables cannot be written at {path}: {error}",
        "check the disk and build again; the last good tables stay",
    )
