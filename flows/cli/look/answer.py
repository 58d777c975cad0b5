"""What a query answers, written the same way for every engine."""

from __future__ import annotations

import datetime as dt
import decimal
import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flows.stages.errors import QueryError
from ingestion.config.timestamps import format_timestamp

if TYPE_CHECKING:
    from collections.abc import Sequence

_EXAMPLE = 'ask for example `wistia-elt query "select * from gold.fact_media_performance"`'


@dataclass(frozen=True, slots=True)
class Answer:
    """Columns and rows of Python values, in the query's order.

    Attributes:
        scanned_bytes: What Athena read for it and bills; None on DuckDB.
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


def single_statement(statements: Sequence[str]) -> str:
    """The one statement of a query.

    Raises:
        QueryError: There is none, or there are several: only the last one's rows would be seen.
    """
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
