"""What an object of bronze or quarantine holds: gzipped lines of JSON, one record each."""

from __future__ import annotations

import gzip
import hashlib
import json
import logging
import re
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ingestion.storage.base import Lake

RAW = "raw-data"
QUARANTINE = "quarantine"
# What is added to a record's own fields, and to a snapshot's.
STAMPS = frozenset({"ingested_at", "run_id"})
ADDED_FIELDS = STAMPS | {"media_id", "snapshot_ts"}
# Level 1 takes half the time of level 6 for a fifth more bytes (measured).
GZIP_LEVEL = 1

_DAMAGE = (OSError, EOFError, ValueError, RecursionError, zlib.error)

log = logging.getLogger(__name__)
_ENCODERS = {
    allow_nan: json.JSONEncoder(
        sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=allow_nan
    )
    for allow_nan in (True, False)
}
# Digests are of JSON in ASCII, as states have had them from the first.
_NOT_PRINTABLE = re.compile("[^ -~]")


def encode(record: object) -> bytes:
    """A value as compact JSON, unicode as it is, keys in their order."""
    return json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode(
        "utf-8", errors="replace"
    )


@dataclass(frozen=True, slots=True)
class Line:
    """A record as JSON, encoded once: for its checks, its digest and its line in bronze.

    The content is what it says, its keys sorted; beside it are the fields that say whose and when,
    which its digest is not of.
    """

    content: str
    beside: dict[str, object]

    @classmethod
    def of(cls, record: object, *, allow_nan: bool = True) -> Self:
        """Encode a record; what is nested too deep, or no number where none may be, raises."""
        beside: dict[str, object] = {}
        if isinstance(record, dict) and not ADDED_FIELDS.isdisjoint(record):
            beside = {name: record[name] for name in record if name in ADDED_FIELDS}
            record = {name: record[name] for name in record if name not in ADDED_FIELDS}
        return cls(_ENCODERS[allow_nan].encode(record), beside)

    def text(self, **more: object) -> str:
        """The whole record as JSON, with more fields where it is an object."""
        added = self.beside | more
        if not added:
            return self.content
        text = _ENCODERS[True].encode(added)
        return text if self.content == "{}" else f"{self.content[:-1]},{text[1:]}"

    @property
    def digest(self) -> str:
        """Tell whether content changed: 16 hexadecimal digits, whatever the keys' order."""
        text = _NOT_PRINTABLE.sub(lambda found: json.dumps(found[0])[1:-1], self.content)
        return short_digest(text.encode())


def digest(record: object) -> str:
    """The digest of a record's content, see `Line.digest`."""
    return Line.of(record).digest


def short_digest(body: bytes) -> str:
    """Tell bytes from others: 16 hexadecimal digits."""
    return hashlib.blake2b(body, digest_size=8).hexdigest()


def compress(lines: bytes) -> bytes:
    """Gzip without a time inside: the same lines give the same bytes."""
    return gzip.compress(lines, compresslevel=GZIP_LEVEL, mtime=0)


def read_lines(lake: Lake, key: str) -> Iterator[tuple[bytes, Any]]:
    """Read an object's lines, each with what it holds; a damaged one ends where it is damaged."""
    try:
        for line in gzip.decompress(lake.get(key) or b"").splitlines():
            yield line, json.loads(line)
    except _DAMAGE:
        log.warning("%s is damaged; wistia-elt goes on without its records", key)


def read_records(lake: Lake, key: str) -> Iterator[dict[str, object]]:
    """Read an object's records back, as far as it is whole."""
    return (record for _, record in read_lines(lake, key) if isinstance(record, dict))


def unpack_lines(body: bytes | None) -> list[bytes] | None:
    """An object's lines; None when it is not gzip, or a line of it is no JSON object."""
    try:
        lines = gzip.decompress(body or b"").splitlines()
        is_whole = bool(body) and all(isinstance(json.loads(line), dict) for line in lines)
    except _DAMAGE:
        return None
    return lines if is_whole else None
