"""The layout of bronze and quarantine, and the writing of both.

Hive-partitioned gzip JSON Lines: one API record a line, its own fields untouched,
beside `ingested_at`, `run_id` and, for a video's statistics, `media_id` and
`snapshot_ts`. The partition is the UTC date of `ingested_at`.
"""

from __future__ import annotations

import zlib
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from ingestion.config.timestamps import compact_timestamp, format_timestamp, parse_timestamp
from ingestion.state.manifest import ResourceRun, StoredObject, describe_object
from ingestion.storage.json_lines import GZIP_LEVEL, QUARANTINE, RAW, Line, compress, read_records

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ingestion.state.run import RunRecord
    from ingestion.storage.base import Lake

_TIME_FIELD = {RAW: "ingested_at", QUARANTINE: "quarantined_at"}
RECORDS_PER_PART = 10_000
# What zlib makes of these window bits is gzip, without a time inside.
_GZIP = 31
# So many snapshots of a flush are objects of their own, named after their video; more share a part.
_FEW = 10


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

    A part is named `<resource>_<start of the crawl>_part-00001_batch_<records>.json.gz`, and below
    `root`, `raw-data` or `quarantine`; the crawl had so many `parts` before. A few snapshots are
    objects of their own, `media_<id>_20260109T000148Z.json.gz`, as the predecessor named its files.

    Attributes:
        count: Records that are held.
        began: When the first of them came; None while there are none.
    """

    def __init__(self, run: RunRecord, root: str, entry: ResourceRun, parts: int) -> None:
        self._run, self._root, self._entry, self._parts = run, root, entry, parts
        self._begin()

    def _begin(self) -> None:
        self.count = 0
        self.began: datetime | None = None
        # No GzipFile: one that is never written, as where nothing is new, is a traceback at its end
        # from Python 3.12 on.
        self._body, self._gzip = bytearray(), zlib.compressobj(GZIP_LEVEL, wbits=_GZIP)
        # The first snapshots: whose, when taken, their lines.
        self._snapshots: list[tuple[str, datetime, bytes]] = []

    @property
    def is_full(self) -> bool:
        """Whether the part holds as many records as a part may."""
        return self.count >= RECORDS_PER_PART

    def add(self, line: Line, snapshot: tuple[str, datetime] | None = None) -> None:
        """Stamp a record, a snapshot with whose it is and when taken, and compress it."""
        if self.began is None:
            # The first record's time stands for the part: it names the partition too.
            self.began = self._run.clock()
            stamp = format_timestamp(self.began)
            self._stamps = {_TIME_FIELD[self._root]: stamp, "run_id": self._run.manifest.run_id}
        beside = {}
        if snapshot:
            beside = {"media_id": snapshot[0], "snapshot_ts": format_timestamp(snapshot[1])}
        text = line.text(**beside, **self._stamps).encode(errors="replace") + b"\n"
        if snapshot and self.count == len(self._snapshots) < _FEW:
            self._snapshots.append((*snapshot, text))
        else:
            texts = [*(held for *_, held in self._snapshots), text]
            self._snapshots.clear()
            self._body += b"".join(map(self._gzip.compress, texts))
        self.count += 1

    def flush(self) -> Iterator[StoredObject]:
        """Put what is held, and yield each object that is durable; what fails is still held."""
        while self._snapshots:
            media_id, taken_at, text = self._snapshots[0]
            # Names have seconds, and an object is never overwritten by another.
            while self._run.lake.get(key := self._key(f"{media_id}_{compact_timestamp(taken_at)}")):
                taken_at += timedelta(seconds=1)
            stored = self._put(key, compress(text), 1)
            del self._snapshots[0]
            self.count -= 1
            yield stored
        if self.count:
            name = f"{self._entry.crawl}_part-{self._parts + 1:05d}_batch_{self.count}"
            stored = self._put(self._key(name), self._packed(), self.count)
            self._parts += 1
            self._begin()
            yield stored
        self.began = None

    def _packed(self) -> bytes:
        return bytes(self._body) + self._gzip.copy().flush()

    def _key(self, name: str) -> str:
        """`raw-data/visitors/ingest_date=2026-01-09/visitors_<name>.json.gz`."""
        day = (self.began or self._run.clock()).date().isoformat()
        resource = self._entry.resource
        return f"{self._root}/{resource}/ingest_date={day}/{resource}_{name}.json.gz"

    def _put(self, key: str, body: bytes, records: int) -> StoredObject:
        self._run.lake.put(key, body)
        return describe_object(key, body, records)
