"""What a query answers, written the same way for every engine."""

from __future__ import annotations

import datetime as dt
import decimal
import json
import math
from dataclasses import dataclass
from typing import Any

from ingestion.timestamps import format_timestamp


@dataclass(frozen=True, slots=True)
class Answer:
    """Columns and rows of Python values, in the query's order.

    Attributes:
        scanned_bytes: What Athena read for it and bills; None on DuckDB.
    """

    columns: list[str]
    rows: list[tuple[Any, ...]]
    scanned_bytes: int | None = None

    def to_json(self) -> str:
        """An array of row objects: numbers as numbers, times ISO in UTC, null as null."""
        objects = [dict(zip(self.columns, map(plain, row), strict=True)) for row in self.rows]
        return json.dumps(objects, ensure_ascii=False)

    def to_text(self) -> list[list[str]]:
        """Every value as text, null as an empty one."""
        return [["" if v is None else _text(plain(v)) for v in row] for row in self.rows]


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
