"""Ask the last good tables, and write the answer the same way for every engine."""

from __future__ import annotations

import datetime as dt
import decimal
import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import duckdb

from flows.errors import QueryError
from ingestion.timestamps import format_timestamp

if TYPE_CHECKING:
    from ingestion.settings import Settings


@dataclass(frozen=True, slots=True)
class Answer:
    """Columns and rows of Python values, in the query's order."""

    columns: list[str]
    rows: list[tuple[Any, ...]]

    def to_json(self) -> str:
        """An array of row objects: numbers as numbers, times ISO in UTC, null as null."""
        objects = [dict(zip(self.columns, map(plain, row), strict=True)) for row in self.rows]
        return json.dumps(objects, ensure_ascii=False)

    def to_text(self) -> list[list[str]]:
        """Every value as text, null as an empty one."""
        return [["" if v is None else _text(plain(v)) for v in row] for row in self.rows]


def query(settings: Settings, sql: str) -> Answer:
    """Run one statement on the last good tables, read only.

    Raises:
        QueryError: There are no tables yet, or the statement is wrong.
    """
    path = settings.warehouse_path
    if not path.exists():
        raise QueryError(
            f"there are no tables in {settings.lake_path} yet", "run `wistia-elt run` first"
        )
    try:
        with duckdb.connect(str(path), read_only=True) as connection:
            connection.execute("set timezone = 'UTC'")
            cursor = connection.execute(sql)
            columns = [column[0] for column in cursor.description or []]
            return Answer(columns, cursor.fetchall())
    except duckdb.Error as error:
        message = str(error).strip().splitlines()[0]
        raise QueryError(
            f"the query failed: {message}",
            '`wistia-elt query "show all tables"` lists every table with its columns',
        ) from error


def count_rows(settings: Settings) -> dict[str, int]:
    """Rows of every table of silver, gold and pages, by `schema.table`; empty before a build."""
    if not settings.warehouse_path.exists():
        return {}
    tables = query(
        settings,
        "select table_schema || '.' || table_name from information_schema.tables where "
        "table_schema in ('silver', 'gold', 'pages') and table_type = 'BASE TABLE' order by 1",
    )
    names = [row[0] for row in tables.rows]
    return {name: _count(settings, name) for name in names}


def _count(settings: Settings, table: str) -> int:
    return int(query(settings, f"select count(*) from {table}").rows[0][0])  # noqa: S608


def plain(value: object) -> object:  # noqa: PLR0911 - a line a type
    """A value as JSON has it."""
    if isinstance(value, dt.datetime):
        moment = value if value.tzinfo else value.replace(tzinfo=dt.UTC)
        return format_timestamp(moment)
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    if isinstance(value, decimal.Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {str(name): plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    return value if isinstance(value, bool | int | float | str | None) else str(value)


def _text(value: object) -> str:
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    return str(value).lower() if isinstance(value, bool) else str(value)
