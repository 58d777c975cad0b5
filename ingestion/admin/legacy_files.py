"""The files of the system before this one: their names, and the records inside.

    visitors_20260108_170607_batch_110471.json
    media_<id>_20260108_170607.json
    media_engagement_<id>_20260108_170607.json

Uncompressed JSON arrays, or packed with gzip since. The times are those of the machine that wrote
them, in the Pacific zone.
"""

from __future__ import annotations

import codecs
import gzip
import hashlib
import json
import math
import re
import zlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NoReturn
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from collections.abc import Iterator

_ZONE = "America/Los_Angeles"
_TIME = r"(?P<time>\d{4}-?\d\d-?\d\d[_T-]?\d\d[-:]?\d\d[-:]?\d\d)"
_NAMES = (
    re.compile(rf"(?P<resource>visitors)_{_TIME}(?:_batch_\d+)?\.json(?:\.gz)?"),
    re.compile(rf"(?P<resource>media_engagement)_(?P<id>[A-Za-z0-9]+)_{_TIME}\.json(?:\.gz)?"),
    re.compile(rf"(?P<resource>media)_(?P<id>[A-Za-z0-9]+)_{_TIME}\.json(?:\.gz)?"),
)
_SPACE = re.compile(r"[ \t\r\n]*")


@dataclass(frozen=True, slots=True)
class OldFile:
    """One file by its name: `taken_at` is UTC, `media_id` blank for visitors."""

    key: str
    resource: str
    media_id: str
    taken_at: datetime


@dataclass(frozen=True, slots=True)
class Damage:
    """What follows the last readable record of a file: its length in bytes and SHA-256."""

    length: int
    sha256: str


def parse_name(key: str) -> OldFile | None:
    """Read a file's name, whatever folder it lies in; None for any other file.

    In the hour that comes twice in autumn, the earlier one is meant.
    """
    name = key.rpartition("/")[2]
    found = next((match for pattern in _NAMES if (match := pattern.fullmatch(name))), None)
    if found is None:
        return None
    try:
        local = datetime.strptime(re.sub(r"\D", "", found["time"]), "%Y%m%d%H%M%S")  # noqa: DTZ007
    except ValueError:
        return None
    taken_at = local.replace(tzinfo=ZoneInfo(_ZONE)).astimezone(UTC)
    return OldFile(key, found["resource"], found.groupdict().get("id") or "", taken_at)


def unpack(body: bytes) -> bytes:
    """A file's JSON; what cannot be unpacked is given as it is, and read as damaged."""
    if body.startswith(b"\x1f\x8b"):
        try:
            body = gzip.decompress(body)
        except (OSError, EOFError, zlib.error):
            return body
    return body.removeprefix(codecs.BOM_UTF8)


def read_values(body: bytes) -> Iterator[object]:
    """Read the values of an array one by one, or a single value that stands alone.

    Yields:
        Each value; in place of what cannot be read, at the end, one `Damage`.
    """
    text, is_text = _decode(body)
    place = _skip(text, 0)
    is_array = text.startswith("[", place)
    place += is_array
    try:
        for value, end in _values(text, place, is_array=is_array):
            yield value
            place = end
    except (ValueError, RecursionError):
        is_text = False
    if not is_text:
        rest = body[len(text[:place].encode()) :]
        yield Damage(len(rest), hashlib.sha256(rest).hexdigest())


def _values(text: str, place: int, *, is_array: bool) -> Iterator[tuple[object, int]]:
    decoder = json.JSONDecoder(parse_float=_parse_float, parse_constant=_refuse)
    place = _skip(text, place)
    is_empty = is_array and text.startswith("]", place)
    while not is_empty:
        value, end = decoder.raw_decode(text, _skip(text, place))
        yield value, end
        place = _skip(text, end)
        if not is_array or text.startswith("]", place):
            break
        if not text.startswith(",", place):
            raise ValueError("expected a comma")
        place += 1
    if text[place + is_array :].strip():
        raise ValueError("expected the end")


def _decode(body: bytes) -> tuple[str, bool]:
    try:
        return body.decode(), True
    except UnicodeDecodeError as error:
        return body[: error.start].decode(), False


def _skip(text: str, place: int) -> int:
    found = _SPACE.match(text, place)
    return found.end() if found else place


def _parse_float(text: str) -> float | str:
    # As the API's answers are read: an infinity is written as no engine can read it.
    number = float(text)
    return number if math.isfinite(number) else text


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
