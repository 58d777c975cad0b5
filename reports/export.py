"""Gold to pages: the small tables of `models/pages`, written as Parquet for the site.

The site's builder guesses types from values and writes nothing for a table without rows.
So what it gets leaves no room for guesses: dates and times are ISO text, and an empty table
is one row of typed nothing, which every query of the pages leaves out.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import duckdb

from reports.errors import ExportError, PagesError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path

SCHEMA = "pages"
_BUILD = "run `wistia-elt build`, then `wistia-elt publish`"
# Which column of pages.status counts what loaded of a resource.
_COUNTED = {"visitors": "visitor_count", "media": "media_count"}


class Tables(Protocol):
    """The last good tables of the pages, on whichever engine keeps them."""

    def attach(self, connection: duckdb.DuckDBPyConnection) -> AbstractContextManager[list[str]]:
        """Make each readable as `exported.<name>` while the block runs; gives their names."""


@dataclass(frozen=True, slots=True)
class LocalTables:
    """Those of a DuckDB file, opened to read: a build meanwhile works in a copy.

    Attributes:
        warehouse: The last good file.
    """

    warehouse: Path

    @contextmanager
    def attach(self, connection: duckdb.DuckDBPyConnection) -> Iterator[list[str]]:
        """Look at the file's tables through views.

        Raises:
            ExportError: There is no such file.
        """
        if not self.warehouse.exists():
            raise ExportError(f"there are no tables in {self.warehouse.parent} yet", _BUILD)
        connection.execute(f"attach '{_quoted(self.warehouse)}' as warehouse (read_only)")
        names = [
            str(row[0])
            for row in connection.execute(
                "select table_name from information_schema.tables where table_catalog = "
                "'warehouse' and table_schema = ? order by table_name",
                [SCHEMA],
            ).fetchall()
        ]
        connection.execute("create schema exported")
        for name in names:
            connection.execute(f'create view exported."{name}" as from warehouse.{SCHEMA}."{name}"')
        yield names


def export_tables(tables: Tables, loaded: Mapping[str, int], folder: Path) -> dict[str, int]:
    """Write every table of the pages as `<folder>/<name>.parquet`; gives rows by table.

    `loaded` are the records that bronze holds, by resource.

    Raises:
        ExportError: There are no tables, or they are empty where bronze is not.
        PagesError: The tables cannot be read, or the files not written.
    """
    try:
        with duckdb.connect() as connection, tables.attach(connection) as names:
            if "status" not in names:
                raise ExportError("the tables of the pages have not been built yet", _BUILD)
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
    columns = [
        (str(row[0]), str(row[1])) for row in connection.execute(f"describe {table}").fetchall()
    ]
    counted = connection.sql(f"from {table}").count("*").fetchone()
    rows = int(counted[0]) if counted else 0
    if rows:
        select = f"select {', '.join(_plain(*column) for column in columns)} from {table}"  # noqa: S608
    else:
        select = "select " + ", ".join(_nothing(*column) for column in columns)
    path = folder / f"{table.rpartition('.')[2]}.parquet"
    connection.execute(
        f"copy ({select} order by all) to '{_quoted(path)}' (format parquet, compression zstd)"
    )
    return rows


def _refuse_nothing(connection: duckdb.DuckDBPyConnection, loaded: Mapping[str, int]) -> None:
    for resource, column in _COUNTED.items():
        found = connection.execute(f"select max({column}) from exported.status").fetchone()  # noqa: S608
        if loaded.get(resource) and not (found and found[0]):
            raise ExportError(
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
