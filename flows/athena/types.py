"""Athena's result texts as Python values, by the type that Athena names."""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from collections.abc import Callable

_ZONED = re.compile(r"^(?P<moment>.{10} [0-9:.]+) ?(?P<zone>\S+)$")


def parse_value(text: str | None, kind: str) -> object:
    """A value of a result; nested and unknown types stay the text that Athena writes."""
    if text is None:
        return None
    return _PARSERS.get(kind.partition("(")[0].lower(), str)(text)


def _parse_moment(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


def _parse_zoned(text: str) -> dt.datetime:
    found = _ZONED.match(text)
    if found is None or found["zone"][0] in "+-":
        return dt.datetime.fromisoformat(text.replace(" UTC", "+00:00")).astimezone(dt.UTC)
    moment = dt.datetime.fromisoformat(found["moment"]).replace(tzinfo=ZoneInfo(found["zone"]))
    return moment.astimezone(dt.UTC)


_PARSERS: dict[str, Callable[[str], object]] = {
    "boolean": lambda text: text == "true",
    "tinyint": int,
    "smallint": int,
    "integer": int,
    "int": int,
    "bigint": int,
    "real": float,
    "float": float,
    "double": float,
    "decimal": Decimal,
    "varbinary": bytes.fromhex,
    "date": dt.date.fromisoformat,
    "timestamp": _parse_moment,
    "timestamp with time zone": _parse_zoned,
}
