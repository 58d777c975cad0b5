"""Gold to pages: the small tables of `models/pages`, written as Parquet for the site.

The site's builder guesses types from values and writes nothing for a table without rows.
So what it gets leaves no room for guesses: dates and times are ISO text, and an empty table
is one row of typed nothing, which every query of the pages leaves out.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING

import duckdb

from ingestion.config.errors import TablesHeldError
from reports.errors import PagesError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_BUILD = "run `wistia-elt build`, then `wistia-elt publish`"
# Which column of pages.status counts what loaded of a resource.
_COUNTED = {"visitors": "visitor_count", "media": "media_count"}


# DuckDB's words; on some systems it knows the number alone: "is held in PID 0".
_IS_HELD = "Could not set lock on file"
_HOLDER = re.compile(r"lock is held in (?P<program>.*?) ?\(?PID (?P<number>\d+)")

# Makes each table readable as `exported.<name>` while its block lasts; gives their names.
Attach = Callable[[duckdb.DuckDBPyConnection], AbstractContextManager[list[str]]]


@contextmanager
def told_if_held(warehouse: Path) -> Iterator[None]:
    """Say of a file that another program has open for writing who that is.

    Raises:
        TablesHeldError: Neither a build nor a query can open it, and it is not damaged.
    """
    try:
        yield
    except duckdb.IOException as error:
        if _IS_HELD not in str(error):
            raise
        found = _HOLDER.search(str(error))
        who = f" ({found['program']}, process {found['number']})" if found else ""
        raise TablesHeldError(
            f"another program{who.replace('(, ', '(')} has {warehouse} open for writing",
            "close the file there (DBeaver, a notebook) or open it read-only, as docs/analysts.md "
            "shows, and run again; the last good tables stay as they are",
        ) from error


def why_unreadable(file: Path, error: duckdb.Error) -> tuple[str, str]:
    """Why a file cannot be opened, and what to do about it."""
    if "Permission denied" in str(error):
        return f"this user may not read {file}", "give this user the right to read it"
    cause = "was written by a newer DuckDB" if "version number" in str(error) else "is damaged"
    return (
        f"the tables' file {file} {cause}",
        "run `wistia-elt build`: it makes them again from bronze",
    )


@contextmanager
def attach_file(warehouse: Path, connection: duckdb.DuckDBPyConnection) -> Iterator[list[str]]:
    """Look at the tables of the last good file of DuckDB's: a build meanwhile works in a copy."""
    if not warehouse.exists():
        raise PagesError(f"there are no tables in {warehouse.parent} yet", _BUILD)
    try:
        with told_if_held(warehouse):
            connection.execute(f"attach '{_quoted(warehouse)}' as warehouse (read_only)")
    except duckdb.Error as error:
        raise PagesError(*why_unreadable(warehouse, error)) from error
    found = connection.execute(
        "select table_name from information_schema.tables where table_catalog = 'warehouse' "
        "and table_schema = 'pages' order by table_name"
    )
    names = [str(name) for (name,) in found.fetchall()]
    connection.execute("create schema exported")
    for name in names:
        connection.execute(f'create view exported."{name}" as from warehouse.pages."{name}"')
    yield names


def export_tables(attach: Attach, loaded: Mapping[str, int], folder: Path) -> dict[str, int]:
    """Write every table of the pages as `<folder>/<name>.parquet`; gives rows by table.

    `loaded` are the records that bronze holds, by resource.

    Raises:
        PagesError: There are no tables, they are empty where bronze is not, or the disk is full.
    """
    try:
        with duckdb.connect() as connection, attach(connection) as names:
            if "status" not in names:
                raise PagesError("the tables of the pages have not been built yet", _BUILD)
            _refuse_nothing(connection, loaded)
            return {name: write_table(connection, f"exported.{name}", folder) for name in names}
    except (duckdb.Error, OSError) as error:
        first = str(error).strip().splitlines()[0]
        raise PagesError(
            f"the tables of the pages cannot be exported to {folder}: {first}",
            "free some space, or run `wistia-elt doctor`; the last good pages stay",
        ) from error


def write_table(connection: duckdb.DuckDBPyConnection, table: str, folder: Path) -> int:
    """Write `<folder>/<table>.parquet` as the site's builder can read it, its rows in one order.

    Gives its rows; the one that stands for none is not counted.
    """
    columns = [row[:2] for row in connection.execute(f"describe {table}").fetchall()]
    (rows,) = connection.sql(f"from {table}").count("*").fetchone() or (0,)
    if rows:
        select = f"select {', '.join(_plain(*column) for column in columns)} from {table}"  # noqa: S608
    else:
        select = f"select {', '.join(_nothing(*column) for column in columns)}"
    path = folder / f"{table.rpartition('.')[2]}.parquet"
    connection.execute(
        f"copy ({select} order by all) to '{_quoted(path)}' (format parquet, compression zstd)"
    )
    return int(rows)


def _refuse_nothing(connection: duckdb.DuckDBPyConnection, loaded: Mapping[str, int]) -> None:
    for resource, column in _COUNTED.items():
        found = connection.execute(f"select max({column}) from exported.status").fetchone()  # noqa: S608
        if loaded.get(resource) and not (found and found[0]):
            raise PagesError(
                f"bronze holds {loaded[resource]:,} records of {resource}, and the tables of the "
                "pages none",
                "run `wistia-elt build --full-refresh`; until then the last good pages stay",
            )


def _plain(name: str, kind: str) -> str:
    if kind == "DATE":
        return f'strftime("{name}", \'%Y-%m-%d\') as "{name}"'
    if kind.startswith("TIMESTAMP"):
        return f'strftime("{name}", \'%Y-%m-%d %H:%M:%S\') as "{name}"'
    return f'"{name}"'


def _nothing(name: str, kind: str) -> str:
    is_time = kind == "DATE" or kind.startswith("TIMESTAMP")
    return f'cast(null as {"varchar" if is_time else kind}) as "{name}"'


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
