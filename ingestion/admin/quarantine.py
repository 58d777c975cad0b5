"""Quarantine: what lies there, and its way back to bronze once the schema takes it.

Nothing in quarantine is edited or deleted. A replay's manifest lists the lines it took, by their
digests, and no line is taken twice. Records obey the privacy policy since they were quarantined.
"""

from __future__ import annotations

import gzip
import json
import logging
import zlib
from collections import Counter
from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING, Any

from ingestion.admin.job import announce, check_policy, open_job, rewrite
from ingestion.config.grammar import MEDIA_ID
from ingestion.config.timestamps import parse_timestamp
from ingestion.load.redaction import make_redactor
from ingestion.load.schemas import check_record, prune
from ingestion.resources import RESOURCES
from ingestion.state.inventory import part_of, read_inventory
from ingestion.state.manifest import read_manifests
from ingestion.storage.json_lines import QUARANTINE, line_digest, unpack_lines

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from ingestion.admin.job import Job
    from ingestion.config.settings import Settings
    from ingestion.load.loader import Loader
    from ingestion.load.resource import Resource
    from ingestion.state.manifest import Manifest
    from ingestion.storage.base import Lake

# What ingestion itself adds to every line.
STAMPS = frozenset({"ingested_at", "run_id"})

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of quarantine: `content` as it was written, `digest` of its bytes."""

    key: str
    digest: str
    content: dict[str, Any]
    is_waiting: bool


@dataclass(slots=True)
class Group:
    """Lines of one object that were quarantined for one reason."""

    quarantined_at: str
    resource: str
    reason: str
    records: int
    waiting: int
    key: str
    contents: list[object] = field(default_factory=list)


def count_replayed(runs: list[Manifest], resource: str) -> int:
    """How many quarantined records of a resource a replay has taken."""
    place = f"{QUARANTINE}/{resource}/"
    lines = [taken for run in runs for key, taken in run.replayed.items() if key.startswith(place)]
    return sum(len(taken) for taken in lines)


def list_quarantine(
    lake: Lake, resources: tuple[Resource, ...], *, show: bool = False
) -> Iterator[Group]:
    """Tell what was quarantined, when and why.

    Yields:
        A group an object and reason.
    """
    taken = _taken(read_manifests(lake))
    for resource in resources:
        for key in lake.list(f"{QUARANTINE}/{resource.name}"):
            groups: dict[str, Group] = {}
            for line in _read_lines(lake, key, taken):
                reason = str(line.content.get("reason"))
                at = str(line.content.get("quarantined_at"))
                group = groups.setdefault(reason, Group(at, resource.name, reason, 0, 0, key))
                group.records += 1
                group.waiting += line.is_waiting
                if show:
                    group.contents.append(line.content.get("record"))
            yield from groups.values()


def replay(
    settings: Settings,
    lake: Lake,
    resources: tuple[Resource, ...],
    clock: Callable[[], datetime],
) -> Manifest:
    """Load every quarantined record that passes today's schema, under today's date.

    Returns:
        The replay's manifest: what was loaded, and which lines it took.
    """
    with open_job(settings, lake, "replay", clock) as job:
        taken = _taken(job.before)
        for resource in resources:
            passing = _passing(lake, resource, taken)
            first = next(passing, None)
            if first is not None:
                _replay(job, resource, first, passing)
        return job.manifest


def quarantine_refused(
    settings: Settings, lake: Lake, clock: Callable[[], datetime]
) -> dict[str, int]:
    """Move to quarantine what lies in bronze and today's schema refuses.

    An older version let in what silver cannot read, a 30th of February among it: no build that
    counts its rows succeeds until it is gone. Each record is durable in quarantine before its
    object is put again without it; what a killed command left is completed by the next.

    Returns:
        Records moved, by resource; a manifest is written only where there are some.

    Raises:
        SourceMismatchError: The lake was written under another privacy policy or key.
    """
    with lake.lock("ingest"):
        held = read_inventory(lake)
        keys = [key for key in sorted(held.objects) if count_refused(key, _lines(lake, key))]
    if not keys and not held.rewriting:
        return {}
    with open_job(settings, lake, "rebuild", clock) as job:
        check_policy(settings, lake)
        changes: dict[str, int] = {}
        for resource in RESOURCES:
            ours = [key for key in keys if part_of(key).resource == resource.name]
            if ours:
                changes |= _quarantine_lines(job, resource, ours)
        announce(job, changes)
        rewrite(job, lambda key, line: None if _is_refused(key, line) else line)
        job.manifest.rewriting = []
        moved: Counter[str] = Counter()
        for key, records in changes.items():
            moved[part_of(key).resource] += records
        return dict(moved)


def _quarantine_lines(job: Job, resource: Resource, keys: list[str]) -> dict[str, int]:
    redact = make_redactor(job.settings, is_again=True)
    loader, _ = job.open(resource, redact)
    changes = {}
    for key in keys:
        refused = [line for line in _lines(job.lake, key) if _is_refused(key, line)]
        changes[key] = len(refused)
        for line in refused:
            body, beside = _split(resource, json.loads(line))
            verdict = check_record(body, resource.schema)
            clean = redact(prune(body), resource, verdict.faulty)
            whole = {**clean, **beside} if isinstance(clean, dict) else clean
            loader.quarantine(whole, verdict.reason or "")
    loader.flush()
    loader.close()
    return changes


def count_refused(key: str, lines: list[bytes]) -> int:
    """How many lines of an object of bronze today's schema refuses."""
    return sum(_is_refused(key, line) for line in lines)


def _lines(lake: Lake, key: str) -> list[bytes]:
    return unpack_lines(lake.get(key) or b"") or []


def _is_refused(key: str, line: bytes) -> bool:
    resource = next((one for one in RESOURCES if one.name == part_of(key).resource), None)
    if resource is None:
        return False
    body, _ = _split(resource, json.loads(line))
    return check_record(body, resource.schema).reason is not None


def _split(
    resource: Resource, record: dict[str, object]
) -> tuple[dict[str, object], dict[str, object]]:
    """A line of bronze as the API's record, and whose snapshot it is; the run's stamps go."""
    body = {name: value for name, value in record.items() if name not in STAMPS}
    if not resource.is_snapshot:
        return body, {}
    beside = {name: body.pop(name) for name in ("media_id", "snapshot_ts") if name in body}
    return body, beside


def _replay(job: Job, resource: Resource, first: Line, others: Iterator[Line]) -> None:
    # What waits in quarantine obeys the privacy policy, that of an older version perhaps. Hashed
    # again, a person would become another person.
    loader, _ = job.open(resource, make_redactor(job.settings, is_again=True))
    held: list[Line] = []
    for line in chain((first,), others):
        if resource.is_snapshot:
            loader.load_snapshot(*_snapshot(line))
        else:
            # What is loaded late is no news of the overlap.
            loader.load([line.content["record"]], remember_from=job.run.clock())
        held.append(line)
        if resource.is_snapshot or loader.is_due:
            _flush(job.manifest, loader, held)
    _flush(job.manifest, loader, held)
    loader.close()


def _flush(manifest: Manifest, loader: Loader, held: list[Line]) -> None:
    before = manifest.replayed
    manifest.replayed = {key: list(taken) for key, taken in before.items()}
    for line in held:
        manifest.replayed.setdefault(line.key, []).append(line.digest)
    try:
        loader.flush()
    except BaseException:
        # Not durable, so not taken: the next replay takes them.
        manifest.replayed = before
        raise
    held.clear()


def _passing(lake: Lake, resource: Resource, taken: dict[str, Counter[str]]) -> Iterator[Line]:
    for key in list(lake.list(f"{QUARANTINE}/{resource.name}")):
        for line in _read_lines(lake, key, taken):
            if line.is_waiting and _passes(line, resource):
                yield line


def _passes(line: Line, resource: Resource) -> bool:
    if not resource.is_snapshot:
        return check_record(line.content.get("record"), resource.schema).reason is None
    media_id, body, taken_at = _snapshot(line)
    is_whole = MEDIA_ID.fullmatch(media_id) is not None and taken_at is not None
    return is_whole and check_record(body, resource.schema).reason is None


def _snapshot(line: Line) -> tuple[str, dict[str, object], Any]:
    """A quarantined snapshot: its video, the API's body, and when it was taken."""
    record = line.content.get("record")
    fields = dict(record) if isinstance(record, dict) else {}
    media_id = str(fields.pop("media_id", ""))
    taken = fields.pop("snapshot_ts", None) or line.content.get("quarantined_at")
    return media_id, fields, parse_timestamp(taken)


def _taken(runs: list[Manifest]) -> dict[str, Counter[str]]:
    taken: dict[str, Counter[str]] = {}
    for run in runs:
        for key, digests in run.replayed.items():
            taken.setdefault(key, Counter()).update(digests)
    return taken


def _read_lines(lake: Lake, key: str, taken: dict[str, Counter[str]]) -> Iterator[Line]:
    left = Counter(taken.get(key, ()))
    try:
        lines = gzip.decompress(lake.get(key) or b"").splitlines()
        for line in lines:
            digest = line_digest(line)
            is_waiting = left[digest] == 0
            left[digest] -= not is_waiting
            yield Line(key, digest, json.loads(line), is_waiting)
    except (OSError, EOFError, ValueError, zlib.error):
        log.warning("%s is damaged; see `wistia-elt doctor --lake`", key)
