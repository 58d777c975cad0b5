"""The layout of bronze and quarantine, and the writing of both.

Hive-partitioned gzip JSON Lines: one API record a line, its own fields untouched,
beside `ingested_at`, `run_id` and, for a medium's statistics, `media_id` and
`snapshot_ts`. The partition is the UTC date of `ingested_at`.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import logging
import zlib
from typing import TYPE_CHECKING

from ingestion.config.timestamps import compact_timestamp, format_timestamp
from ingestion.state.manifest import StoredObject

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from ingestion.storage.base import Lake

RAW = "raw-data"
QUARANTINE = "quarantine"
RECORDS_PER_PART = 10_000
ADDED_FIELDS = frozenset({"ingested_at", "run_id", "media_id", "snapshot_ts"})
# Level 1 takes half the time of level 6 for a fifth more bytes (measured).
_GZIP_LEVEL = 1

log = logging.getLogger(__name__)


def encode(record: object) -> bytes:
    """A record as the line that lands: compact, unicode as it is, keys in their order."""
    return json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode(
        "utf-8", errors="replace"
    )


def digest(record: object) -> str:
    """Tell whether content changed: 16 hexadecimal digits, whatever the keys' order."""
    if isinstance(record, dict):
        record = {name: value for name, value in record.items() if name not in ADDED_FIELDS}
    text = json.dumps(record, sort_keys=True, separators=(",", ":"))
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def snapshot_key(resource: str, media_id: str, moment: datetime) -> str:
    """`raw-data/media/ingest_date=2026-01-09/media_<id>_20260109T000148Z.json.gz`."""
    name = f"{resource}_{media_id}_{compact_timestamp(moment)}.json.gz"
    return f"{RAW}/{resource}/ingest_date={moment.date().isoformat()}/{name}"


def part_key(  # noqa: PLR0913 - the parts of a name
    root: str, resource: str, *, started: str, part: int, records: int, day: str
) -> str:
    """`raw-data/visitors/ingest_date=…/visitors_<run start>_part-00001_batch_<n>.json.gz`."""
    name = f"{resource}_{started}_part-{part:05d}_batch_{records}.json.gz"
    return f"{root}/{resource}/ingest_date={day}/{name}"


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


class PartWriter:
    """Collect records, compressed as they come, and put them in numbered parts.

    Args:
        lake: Where to.
        root: `raw-data` or `quarantine`.
        resource: Whose records.
        started: The crawl's start as in names; all parts of a crawl share it.
        run_id: Stamped on every line.
        clock: Tells `ingested_at`.
        first_part: The number of the first part; a resumed crawl goes on counting.
        time_field: The name under which a line carries its time.
    """

    def __init__(  # noqa: PLR0913 - the parts of a name
        self,
        lake: Lake,
        root: str,
        resource: str,
        *,
        started: str,
        run_id: str,
        clock: Callable[[], datetime],
        first_part: int = 1,
        time_field: str = "ingested_at",
    ) -> None:
        """Start with an empty part."""
        self._lake, self._root, self._resource = lake, root, resource
        self._started, self._run_id, self._clock = started, run_id, clock
        self._part = first_part
        self._time_field = time_field
        self._begin()

    def _begin(self) -> None:
        self.count = 0
        self._buffer = io.BytesIO()
        self._gzip: gzip.GzipFile | None = None

    @property
    def is_full(self) -> bool:
        """Whether the part holds as many records as a part may."""
        return self.count >= RECORDS_PER_PART

    def add(self, record: dict[str, object]) -> None:
        """Stamp a record and compress it into the part."""
        if self._gzip is None:
            # The first record's time stands for the part: it names the partition too.
            self._moment = self._clock()
            self._gzip = gzip.GzipFile(
                fileobj=self._buffer, mode="wb", compresslevel=_GZIP_LEVEL, mtime=0
            )
        time = format_timestamp(self._moment)
        stamped = {**record, self._time_field: time, "run_id": self._run_id}
        self._gzip.write(encode(stamped) + b"\n")
        self.count += 1

    def flush(self) -> StoredObject | None:
        """Put the part; None when it is empty.

        Raises:
            LakeError: The lake cannot be written; the part is still held.
        """
        if self._gzip is None:
            return None
        if not self._gzip.closed:
            self._gzip.close()
        day = self._moment.date().isoformat()
        key = part_key(
            self._root,
            self._resource,
            started=self._started,
            part=self._part,
            records=self.count,
            day=day,
        )
        stored = write_object(self._lake, key, self._buffer.getvalue(), self.count)
        self._part += 1
        self._begin()
        return stored
