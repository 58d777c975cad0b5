"""The layout of bronze and quarantine, and the writing of both.

Hive-partitioned gzip JSON Lines: one API record a line, its own fields untouched,
beside `ingested_at`, `run_id` and, for a video's statistics, `media_id` and
`snapshot_ts`. The partition is the UTC date of `ingested_at`.
"""

from __future__ import annotations

import gzip
import io
from typing import TYPE_CHECKING

from ingestion.config.timestamps import compact_timestamp, format_timestamp, parse_timestamp
from ingestion.state.manifest import describe_object
from ingestion.storage.json_lines import GZIP_LEVEL, QUARANTINE, RAW, Line, read_records

if TYPE_CHECKING:
    from datetime import datetime

    from ingestion.state.manifest import StoredObject
    from ingestion.state.run import RunRecord
    from ingestion.storage.base import Lake

_TIME_FIELD = {RAW: "ingested_at", QUARANTINE: "quarantined_at"}
RECORDS_PER_PART = 10_000


def object_key(root: str, resource: str, loaded_at: datetime, name: str) -> str:
    """`raw-data/visitors/ingest_date=2026-01-09/visitors_<name>.json.gz`."""
    return f"{root}/{resource}/ingest_date={loaded_at.date().isoformat()}/{resource}_{name}.json.gz"


def write_object(lake: Lake, key: str, body: bytes, records: int) -> StoredObject:
    """Put a whole object and describe it as the manifest lists it."""
    lake.put(key, body)
    return describe_object(key, body, records)


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
        """Stamp a record and compress it into the part."""
        if self._gzip is None:
            # The first record's time stands for the part: it names the partition too.
            self.began = self._run.clock()
            self._stamps = {
                _TIME_FIELD[self._root]: format_timestamp(self.began),
                "run_id": self._run.manifest.run_id,
            }
            self._gzip = gzip.GzipFile(
                fileobj=self._buffer, mode="wb", compresslevel=GZIP_LEVEL, mtime=0
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
