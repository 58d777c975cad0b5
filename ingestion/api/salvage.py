"""What can still be told of an answer that is not JSON: one bad record must not cost its page.

Real answers have held `NaN`, bytes that are not UTF-8 and raw control characters. Each record is
read by itself; one that is only JSON by leniency, or none at all, comes back as a `BadRecord` and
goes to quarantine. Where the page's own frame is broken nothing is told: a page that is cut off
would hide the rows it has not.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from dataclasses import dataclass
from typing import Any, NoReturn

# An object and the name of its first field.
_OBJECT = re.compile(r'\{\s*("(?:[^"\\]|\\.)*")\s*:')
_SPACE = re.compile(r"[ \t\r\n]*")
_NOT_TEXT = re.compile("[\udc80-\udcff]")
_UNREADABLE = "it cannot be read as JSON"


@dataclass(frozen=True, slots=True)
class BadRecord:
    """A record that cannot be loaded: its fields, bad parts replaced, and a reason without values.

    Of one that cannot be read the fields are length and digest only.
    """

    record: Any
    reason: str

    @property
    def is_readable(self) -> bool:
        """Whether its fields are known."""
        return self.reason != _UNREADABLE


def record_of(row: object) -> Any:  # noqa: ANN401 - decoded JSON
    """What a row holds, good or bad."""
    return row.record if isinstance(row, BadRecord) else row


def fields_of(row: object) -> dict[str, Any]:
    """A row's fields, good or bad; none of what is no object."""
    record = record_of(row)
    return record if isinstance(record, dict) else {}


def refuse_constant(name: str) -> NoReturn:
    """Refuse `NaN` and its like, which Python's decoder takes and JSON does not have."""
    raise ValueError(f"{name} is not JSON")


def parse_float(text: str) -> float | str:
    """Keep a number that no double holds as it was written: no engine reads an infinity."""
    number = float(text)
    return number if math.isfinite(number) else text


def salvage(body: bytes, expect: type) -> Any:  # noqa: ANN401 - a list of rows, or one row
    """Read what strict JSON refuses: a list of rows, or one.

    None where the answer as a whole cannot be told apart.
    """
    text = body.decode("utf-8-sig", errors="surrogateescape").strip()
    if expect is dict:
        record, end = _read(text, 0)
        return record if end == len(text) and fields_of(record) else None
    if not (text.startswith("[") and text.endswith("]")):
        return None
    return _rows(text)


def _rows(text: str) -> list[object] | None:
    rows: list[object] = []
    position, last = skip_space(text, 1), len(text) - 1
    while position < last:
        row, end = _read(text, position)
        broken = skip_space(text, end) if end else position
        if end:
            rows.append(row)
            if text[broken] == "," or broken == last:
                position = skip_space(text, broken + 1)
                continue
        # What lies before the next record is one that cannot be read.
        position = _next(text, broken) or last
        piece = text[broken:position].strip().rstrip(",")
        if len(piece) > 1:
            rows.append(_unreadable(piece))
    return rows if any(not isinstance(row, BadRecord) or row.is_readable for row in rows) else None


def _read(text: str, position: int) -> tuple[object, int]:
    """A record and where it ends; 0 where none can be read."""
    odd: list[str] = []

    def note(name: str) -> str:
        odd.append(name)
        return name

    for strict in (True, False):
        decoder = json.JSONDecoder(parse_float=parse_float, parse_constant=note, strict=strict)
        odd.clear()
        try:
            row, end = decoder.raw_decode(text, position)
        except (ValueError, RecursionError):
            continue
        if _NOT_TEXT.search(text, position, end):
            clean = _NOT_TEXT.sub("\ufffd", text[position:end])
            return BadRecord(decoder.raw_decode(clean)[0], "it has bytes that are not UTF-8"), end
        if odd:
            return BadRecord(row, f"{odd[0]} is not JSON"), end
        if not strict:
            return BadRecord(row, "it has a control character in a text"), end
        return row, end
    return None, 0


def _next(text: str, position: int) -> int | None:
    """Where the next record begins behind a place: an object with most of the usual fields."""
    found = {
        place.start(): fields_of(_read(text, place.start())[0]) for place in _OBJECT.finditer(text)
    }
    # Records have more fields than the objects inside them.
    usual = max(found.values(), key=len, default={}).keys()
    starts = (
        start for start, fields in found.items() if 2 * len(fields.keys() & usual) > len(usual)
    )
    return next((start for start in starts if start > position), None)


def _unreadable(piece: str) -> BadRecord:
    body = piece.encode("utf-8", errors="surrogateescape")
    told = {"length": len(body), "sha256": hashlib.sha256(body).hexdigest()}
    return BadRecord(told, _UNREADABLE)


def skip_space(text: str, position: int) -> int:
    """Where the next thing that is no blank stands."""
    found = _SPACE.match(text, position)
    return found.end() if found else position
