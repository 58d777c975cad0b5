"""Ask the last good tables, on the engine that keeps them; the answer is written alike for both."""

from __future__ import annotations

import datetime as dt
import decimal
import json
import math
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import duckdb

from flows.duckdb.warehouse import open_file
from ingestion.config.errors import QueryError
from ingestion.config.timestamps import format_timestamp
from reports.export import why_unreadable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ingestion.config.settings import Settings

_EXAMPLE = 'ask for example `wistia-elt query "select * from gold.fact_media_performance"`'


@dataclass(frozen=True, slots=True)
class Answer:
    """Columns and rows of Python values, in the query's order.

    `scanned_bytes` is what Athena read for it and bills; None on DuckDB.
    """

    columns: list[str]
    rows: list[tuple[Any, ...]]
    scanned_bytes: int | None = None

    def __post_init__(self) -> None:
        """Number twin columns: of two with one name an object keeps only the last."""
        object.__setattr__(self, "columns", _number_twins(self.columns))

    def to_json(self) -> str:
        """An array of row objects: numbers with all digits, times ISO in UTC, null as null."""
        rows = (dict(zip(self.columns, map(plain, row), strict=True)) for row in self.rows)
        return f"[{', '.join(map(_json, rows))}]"

    def to_text(self) -> list[list[str]]:
        """Every value as text, null as an empty one."""
        return [[_text(plain(value)) for value in row] for row in self.rows]


def query(settings: Settings, sql: str) -> Answer:
    """Run one statement on the last good tables, read only.

    Raises:
        ConfigurationError: Athena's workgroup, region or credentials are not in order.
        QueryError: There are no tables yet, or it is not one statement that is right.
        TablesHeldError: Another program has DuckDB's file open for writing.
    """
    if settings.on_s3:
        # awswrangler costs a second and 100 MB: only who asks Athena pays.
        from flows.athena.query import query_athena  # noqa: PLC0415

        return query_athena(settings, sql)
    return _query_file(settings, sql)


def count_rows(settings: Settings) -> dict[str, int]:
    """Rows of every table of silver, gold and pages, by `schema.table`; empty before a build."""
    if settings.on_s3:
        from flows.athena.query import count_athena_rows  # noqa: PLC0415

        return count_athena_rows(settings)
    if not settings.warehouse_path.exists():
        return {}
    tables = query(
        settings,
        "select table_schema || '.' || table_name from information_schema.tables where "
        "table_schema in ('silver', 'gold', 'pages') and table_type = 'BASE TABLE'",
    )
    # One statement: to open the file again for each table takes a second.
    counts = [f"select '{name}', count(*) from {name}" for (name,) in tables.rows]  # noqa: S608
    found = query(settings, f"{' union all '.join(counts)} order by 1").rows if counts else []
    return dict(found)


def _query_file(settings: Settings, sql: str) -> Answer:
    path = settings.warehouse_path
    try:
        single_statement([one.query for one in duckdb.extract_statements(sql)])
        if path.exists():
            with ExitStack() as stack:
                try:
                    connection = stack.enter_context(open_file(path))
                except duckdb.Error as error:
                    raise QueryError(*why_unreadable(path, error)) from error
                connection.execute("set timezone = 'UTC'")
                cursor = connection.execute(sql)
                columns = [column[0] for column in cursor.description or []]
                return Answer(columns, cursor.fetchall())
    except duckdb.Error as error:
        raise QueryError(
            f"the query failed: {str(error).strip().splitlines()[0]}",
            'name a table with its schema, like gold.viewers; `wistia-elt query "select '
            'table_schema, table_name from information_schema.tables"` lists them',
        ) from error
    raise QueryError(
        f"there are no tables in {settings.lake_path} yet", "run `wistia-elt run` first"
    )


def single_statement(statements: Sequence[str]) -> str:
    """The one statement of a query; of several only the last one's rows would be seen."""
    if not statements:
        raise QueryError("the query is empty", _EXAMPLE)
    if len(statements) > 1:
        raise QueryError(
            f"the query has {len(statements)} statements, and one is asked at a time", _EXAMPLE
        )
    return statements[0]


def plain(value: object) -> object:  # noqa: PLR0911 - a line a type
    """A value as JSON has it; decimals stay what they are, since a float has too few digits."""
    if isinstance(value, dt.datetime):
        moment = value if value.tzinfo else value.replace(tzinfo=dt.UTC)
        return format_timestamp(moment)
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    if isinstance(value, float | decimal.Decimal) and not math.isfinite(value):
        return None
    if isinstance(value, decimal.Decimal):
        return int(value) if value == value.to_integral_value() else value
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).hex()
    if isinstance(value, dict):
        return {str(name): plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    return value if isinstance(value, bool | int | float | str | None) else str(value)


def _number_twins(columns: list[str]) -> list[str]:
    taken, numbered = set(columns), list[str]()
    for name in columns:
        number, free = 1, name
        while free in numbered:
            number += 1
            free = f"{name}_{number}" if f"{name}_{number}" not in taken else free
        numbered.append(free)
    return numbered


def _json(value: object) -> str:
    if isinstance(value, dict):
        inside = (f"{json.dumps(k, ensure_ascii=False)}: {_json(v)}" for k, v in value.items())
        return f"{{{', '.join(inside)}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(_json, value))}]"
    if isinstance(value, decimal.Decimal):
        return f"{value:f}"
    return json.dumps(value, ensure_ascii=False)


def _text(value: object) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else _json(value)
