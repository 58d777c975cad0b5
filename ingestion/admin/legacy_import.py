"""`import`: the predecessor's bronze lands in this lake, once.

Files are taken in the order of their times, so that among equal states the later one wins. A
manifest lists each file it took with its digest: the same file never lands twice, and a killed
import goes on behind the last row that was durable. Lines land under the import's own
`ingest_date`, since that is where a build looks for what is new.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from ingestion.admin.job import open_job
from ingestion.admin.legacy_files import Damage, OldFile, parse_name, read_values, unpack
from ingestion.config.errors import ConfigurationError, LakeError
from ingestion.config.timestamps import format_timestamp
from ingestion.load.redaction import make_redactor
from ingestion.resources import RESOURCES
from ingestion.state.manifest import SourceFile
from ingestion.state.source_guard import check_source
from ingestion.storage.base import open_lake

if TYPE_CHECKING:
    from collections.abc import Callable

    from ingestion.admin.job import Job
    from ingestion.config.settings import Settings
    from ingestion.load.loader import Loader
    from ingestion.load.resource import Resource
    from ingestion.state.checkpoint import ResourceState
    from ingestion.storage.base import Lake


@dataclass(slots=True)
class Count:
    """What an import found of one resource; `read` records = landed + unchanged + quarantined."""

    resource: str
    files: int = 0
    known: int = 0
    read: int = 0
    landed: int = 0
    unchanged: int = 0
    quarantined: int = 0

    @property
    def numbers(self) -> tuple[int, ...]:
        """All of them, in the order above."""
        names = ("files", "known", "read", "landed", "unchanged", "quarantined")
        return tuple(getattr(self, name) for name in names)


@dataclass(slots=True)
class _Taking:
    """The loading of one resource's files."""

    job: Job
    resource: Resource
    loader: Loader
    state: ResourceState


def import_files(
    settings: Settings,
    lake: Lake,
    uri: str,
    clock: Callable[[], datetime],
    say: Callable[[str], None] = lambda _doing: None,
) -> list[Count]:
    """Land every file of the predecessor that has not landed.

    Args:
        settings: Source and privacy policy of the lake.
        lake: Where to.
        uri: A folder or `s3://bucket/prefix`; its folders are searched through.
        clock: UTC.
        say: Told each file's name.

    Returns:
        The counts of each resource that files were found of.

    Raises:
        ConfigurationError: There is no such place, or none of the predecessor's files there.
        SourceMismatchError: The lake holds another account's data, or another policy's.
        LakeError: A file cannot be read, or the counts do not add up; importing again goes on.
    """
    source, files = find_files(settings, uri)
    with open_job(settings, lake, "import", clock) as job:
        # The account's name is learnt by the first run; until then its address stands for it.
        job.manifest.source = check_source(lake, settings, None)
        counts = []
        for resource in RESOURCES:
            ours = [file for file in files if file.resource == resource.name]
            if ours:
                counts.append(_import_resource(job, resource, source, ours, say))
        return counts


def find_files(settings: Settings, uri: str) -> tuple[Lake, list[OldFile]]:
    """Find the predecessor's files, oldest first.

    Raises:
        ConfigurationError: There are none.
    """
    if not uri.startswith("s3://") and not Path(uri).expanduser().is_dir():
        raise ConfigurationError(
            f"there is no folder {uri}", "name the folder, or s3://bucket/prefix, of the old files"
        )
    source = open_lake(settings.model_copy(update={"lake_uri": uri}))
    found = map(parse_name, source.list(""))
    files = sorted((f for f in found if f is not None), key=lambda f: (f.taken_at, f.key))
    if not files:
        raise ConfigurationError(
            f"{uri} holds none of the predecessor's files",
            "they are named like visitors_20260108_170607_batch_110471.json",
        )
    return source, files


def _import_resource(
    job: Job,
    resource: Resource,
    source: Lake,
    files: list[OldFile],
    say: Callable[[str], None],
) -> Count:
    loader, state = job.open(resource, make_redactor(job.settings))
    taking = _Taking(job, resource, loader, state)
    count = Count(resource.name)
    before = {file.identity: file for run in job.before for file in run.sources}
    for file in files:
        say(f"importing {file.key.rpartition('/')[2]}")
        body = unpack(_read(source, file))
        taken = _describe(file, body)
        old = before.get(taken.identity)
        if old is not None and old.state == "completed":
            count.known += 1
            continue
        count.files += 1
        count.read += _take(taking, taken, body, start=old.rows if old else 0)
        before[taken.identity] = taken
    return _close(taking, count)


def _close(taking: _Taking, count: Count) -> Count:
    entry, state = taking.loader.entry, taking.state
    count.landed, count.unchanged = entry.records, entry.unchanged
    count.quarantined = entry.quarantined
    if count.read != count.landed + count.unchanged + count.quarantined:
        raise LakeError(
            f"{count.read} {count.resource} records were read, {count.landed} loaded, "
            f"{count.unchanged} were unchanged and {count.quarantined} quarantined",
            "report this; `wistia-elt doctor --lake` tells what lies in the lake",
        )
    if entry.records:
        # The old crawl began an hour before its file's time and missed who came back
        # meanwhile, and an old state may stand where a newer one did: only a read of the
        # whole list is provably enough.
        state.watermark = state.reconciled_at = None
    taking.job.close(entry, state)
    return count


def _describe(file: OldFile, body: bytes) -> SourceFile:
    return SourceFile(
        name=file.key.rpartition("/")[2],
        resource=file.resource,
        media_id=file.media_id,
        taken_at=format_timestamp(file.taken_at),
        sha256=hashlib.sha256(body).hexdigest(),
    )


def _read(source: Lake, file: OldFile) -> bytes:
    body = source.get(file.key)
    if body is None:
        raise LakeError(f"{file.key} has gone while it was imported", "import again")
    return body


def _take(taking: _Taking, taken: SourceFile, body: bytes, start: int) -> int:
    """Land a file's rows from `start` on; returns how many there were."""
    taking.job.manifest.sources.append(taken)
    taken.rows, place = start, 0
    for place, value in enumerate(read_values(body), 1):
        if place <= start:
            continue
        _load(taking, taken, value)
        if taking.loader.is_due:
            _flush(taking, taken, place)
    taken.state = "completed"
    try:
        _flush(taking, taken, place)
    except BaseException:
        taken.state = "running"
        raise
    return place - start


def _flush(taking: _Taking, taken: SourceFile, rows: int) -> None:
    durable, taken.rows = taken.rows, rows
    try:
        taking.loader.flush()
    except BaseException:
        taken.rows = durable
        raise


def _load(taking: _Taking, taken: SourceFile, value: object) -> None:
    if isinstance(value, Damage):
        rest = {"length": value.length, "sha256": value.sha256}
        taking.loader.quarantine(rest, f"{taken.name} ends in what is not JSON")
    elif taking.resource.is_snapshot:
        taken_at = datetime.fromisoformat(taken.taken_at)
        taking.loader.load_snapshot(taken.media_id, value, taken_at)
    else:
        # What was loaded late is no news of the overlap.
        taking.loader.load([value], remember_from=taking.job.run.clock())
