"""The layout of bronze and quarantine, and the writing of both.

Hive-partitioned gzip JSON Lines: one API record a line, its own fields untouched,
beside `ingested_at`, `run_id` and, for a video's statistics, `media_id` and
`snapshot_ts`. The partition is the UTC date of `ingested_at`.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import logging
import re
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from ingestion.config.timestamps import compact_timestamp, format_timestamp, parse_timestamp
from ingestion.state.manifest import StoredObject

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from ingestion.state.run import RunRecord
    from ingestion.storage.base import Lake

RAW = "raw-data"
QUARANTINE = "quarantine"
_TIME_FIELD = {RAW: "ingested_at", QUARANTINE: "quarantined_at"}
RECORDS_PER_PART = 10_000
ADDED_FIELDS = frozenset({"ingested_at", "run_id", "media_id", "snapshot_ts"})
# Level 1 takes half the time of level 6 for a fifth more bytes (measured).
_GZIP_LEVEL = 1

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

    Attributes:
        content: What the record says, its keys sorted.
        beside: Fields of it that say whose and when; its digest is not of them.
    """

    content: str
    beside: dict[str, object]

    @classmethod
    def of(cls, record: object, *, allow_nan: bool = True) -> Self:
        """Encode a record.

        Raises:
            ValueError: A number is no number, unless it may.
            RecursionError: It is nested too deep.
        """
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
        text = _NOT_PRINTABLE.sub(_escape, self.content)
        return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def _escape(found: re.Match[str]) -> str:
    return json.dumps(found[0])[1:-1]


def digest(record: object) -> str:
    """The digest of a record's content, see `Line.digest`."""
    return Line.of(record).digest


def object_key(root: str, resource: str, loaded_at: datetime, name: str) -> str:
    """`raw-data/visitors/ingest_date=2026-01-09/visitors_<name>.json.gz`."""
    return f"{root}/{resource}/ingest_date={loaded_at.date().isoformat()}/{resource}_{name}.json.gz"


def write_object(lake: Lake, key: str, body: bytes, records: int) -> StoredObject:
    """Put a whole object and describe it as the manifest lists it."""
    lake.put(key, body)
    checksum = hashlib.sha256(body).hexdigest()
    return StoredObject(key=key, records=records, bytes=len(body), sha256=checksum)


def compress(lines: bytes) -> bytes:
    """Gzip without a time inside: the same lines give the same bytes."""
    return gzip.compress(lines, compresslevel=_GZIP_LEVEL, mtime=0)


def read_records(lake: Lake, key: str) -> Iterator[dict[str, object]]:
    """Read an object's records back; a damaged one ends, with a warning, where it is damaged."""
    body = lake.get(key)
    if body is None:
        return
    try:
        for line in gzip.decompress(body).splitlines():
            record = json.loads(line)
            if isinstance(record, dict):
                yield record
    except (OSError, EOFError, ValueError, zlib.error):
        log.warning("%s is damaged; wistia-elt goes on without its records", key)


def newest_snapshots(lake: Lake, resource: str) -> dict[str, str]:
    """When the newest snapshot of each video was taken, as times are in names."""
    newest: dict[str, str] = {}
    for key in lake.list(f"{RAW}/{resource}"):
        name = key.rpartition("/")[2].removeprefix(f"{resource}_").removesuffix(".json.gz")
        media_id, _, taken = name.rpartition("_")
        found = [(media_id, taken)]
        if "_part-" in name:
            lines = read_records(lake, key)
            times = ((str(line.get("media_id")), line.get("snapshot_ts")) for line in lines)
            found = [(one, compact_timestamp(at)) for one, t in times if (at := parse_timestamp(t))]
        for one, stamp in found:
            newest[one] = max(stamp, newest.get(one, ""))
    return newest


class PartWriter:
    """Collect records, compressed as they come, and put them in numbered parts.

    A part is named `<resource>_<start of the crawl>_part-00001_batch_<records>.json.gz`.

    Attributes:
        count: Records in the part.
        began: When its first record came; None while it is empty.

    Args:
        run: Whose id is stamped on every line; its lake and clock.
        root: `raw-data` or `quarantine`.
        resource: Whose records.
        started: The crawl's start as in names; all parts of a crawl share it.
        first_part: The number of the first part; a resumed crawl goes on counting.
    """

    def __init__(
        self, run: RunRecord, root: str, resource: str, *, started: str, first_part: int = 1
    ) -> None:
        """Start with an empty part."""
        self._run, self._root, self._resource = run, root, resource
        self._started, self._part = started, first_part
        self._begin()

    def _begin(self) -> None:
        self.count = 0
        self.began: datetime | None = None
        self._buffer = io.BytesIO()
        self._gzip: gzip.GzipFile | None = None

    @property
    def is_full(self) -> bool:
        """Whether the part holds as many records as a part may."""
        return self.count >= RECORDS_PER_PART

    def add(self, line: Line, **fields: object) -> None:
        """Stamp a record and compress it into the part.

        Args:
            line: The record.
            fields: More fields of its line.
        """
        if self._gzip is None:
            # The first record's time stands for the part: it names the partition too.
            self.began = self._run.clock()
            self._stamps = {
                _TIME_FIELD[self._root]: format_timestamp(self.began),
                "run_id": self._run.manifest.run_id,
            }
            self._gzip = gzip.GzipFile(
                fileobj=self._buffer, mode="wb", compresslevel=_GZIP_LEVEL, mtime=0
            )
        text = line.text(**fields, **self._stamps)
        self._gzip.write(text.encode(errors="replace") + b"\n")
        self.count += 1

    def flush(self) -> StoredObject | None:
        """Put the part; None when it is empty.

        Raises:
            LakeError: The lake cannot be written; the part is still held.
        """
        if self._gzip is None or self.began is None:
            return None
        if not self._gzip.closed:
            self._gzip.close()
        name = f"{self._started}_part-{self._part:05d}_batch_{self.count}"
        key = object_key(self._root, self._resource, self.began, name)
        stored = write_object(self._run.lake, key, self._buffer.getvalue(), self.count)
        self._part += 1
        self._begin()
        return stored
