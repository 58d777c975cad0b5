"""Quarantine: what lies there, and its way back to bronze once the schema takes it.

Nothing in quarantine is edited or deleted. A replay's manifest lists the lines it took, by their
digests, and no line is taken twice. Records obey the privacy policy since they were quarantined.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from ingestion.admin import rewrite
from ingestion.admin.job import check_policy, if_durable, open_job
from ingestion.config.grammar import MEDIA_ID
from ingestion.config.timestamps import parse_timestamp
from ingestion.load.redaction import make_redactor
from ingestion.load.schemas import check_record, prune
from ingestion.resources import RESOURCES
from ingestion.state.inventory import part_of, read_inventory
from ingestion.state.manifest import read_manifests
from ingestion.storage.json_lines import (
    ADDED_FIELDS,
    QUARANTINE,
    STAMPS,
    line_digest,
    read_lines,
    unpack_lines,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ingestion.admin.job import Job
    from ingestion.config.settings import Settings
    from ingestion.config.timestamps import Clock
    from ingestion.load.loader import Loader
    from ingestion.load.resource import Resource
    from ingestion.state.manifest import Manifest
    from ingestion.storage.base import Lake

_BY_NAME = {resource.name: resource for resource in RESOURCES}


class Line(NamedTuple):
    """One line of quarantine: `content` as it was written, `digest` of its bytes."""

    key: str
    digest: str
    content: dict[str, Any]
    is_waiting: bool

    @property
    def snapshot(self) -> tuple[str, dict[str, Any], Any]:
        """A quarantined snapshot: its video, the API's body, and when it was taken."""
        record = self.content.get("record")
        fields = dict(record) if isinstance(record, dict) else {}
        media_id = str(fields.pop("media_id", ""))
        taken = fields.pop("snapshot_ts", None) or self.content.get("quarantined_at")
        return media_id, fields, parse_timestamp(taken)

    def passes(self, resource: Resource) -> bool:
        """Whether today's schema takes it."""
        if not resource.is_snapshot:
            return check_record(self.content.get("record"), resource.schema).reason is None
        media_id, body, taken_at = self.snapshot
        is_whole = MEDIA_ID.fullmatch(media_id) is not None and taken_at is not None
        return is_whole and check_record(body, resource.schema).reason is None


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
    runs = read_manifests(lake)
    for resource in resources:
        groups: dict[tuple[str, str], Group] = {}
        for line in _read_quarantine(lake, resource, runs):
            reason, at = str(line.content.get("reason")), str(line.content.get("quarantined_at"))
            new = Group(at, resource.name, reason, 0, 0, line.key)
            group = groups.setdefault((line.key, reason), new)
            group.records += 1
            group.waiting += line.is_waiting
            if show:
                group.contents.append(line.content.get("record"))
        yield from groups.values()


def _read_quarantine(lake: Lake, resource: Resource, runs: Iterable[Manifest]) -> Iterator[Line]:
    """Read every line of a resource; it waits unless a replay has taken it."""
    taken = defaultdict[str, Counter[str]](Counter)
    for run in runs:
        for key, digests in run.replayed.items():
            taken[key].update(digests)
    for key in list(lake.list(f"{QUARANTINE}/{resource.name}")):
        for line, content in read_lines(lake, key):
            digest = line_digest(line)
            is_waiting = taken[key][digest] == 0
            taken[key][digest] -= not is_waiting
            yield Line(key, digest, content, is_waiting)


def replay(
    settings: Settings, lake: Lake, resources: tuple[Resource, ...], clock: Clock
) -> Manifest:
    """Load every quarantined record that passes today's schema, under today's date.

    Returns:
        The replay's manifest: what was loaded, and which lines it took.
    """
    with open_job(settings, lake, "replay", clock) as job:
        for resource in resources:
            _replay(job, resource)
        return job.manifest


def _replay(job: Job, resource: Resource) -> None:
    loader: Loader | None = None
    held: list[Line] = []
    for line in _read_quarantine(job.lake, resource, job.before):
        if not (line.is_waiting and line.passes(resource)):
            continue
        if loader is None:
            # What waits in quarantine obeys the privacy policy, that of an older version perhaps.
            # Hashed again, a person would become another person.
            loader = job.open(resource, make_redactor(job.settings, is_again=True))
        if resource.is_snapshot:
            loader.load_snapshot(*line.snapshot)
        else:
            # What is loaded late is no news of the overlap.
            loader.load([line.content["record"]], remember_from=job.run.clock())
        held.append(line)
        if resource.is_snapshot or loader.is_due:
            _flush(job.manifest, loader, held)
    if loader is not None:
        _flush(job.manifest, loader, held)
        loader.close()


def _flush(manifest: Manifest, loader: Loader, held: list[Line]) -> None:
    # What is not durable is not taken: the next replay takes it.
    with if_durable(manifest):
        manifest.replayed = {key: list(taken) for key, taken in manifest.replayed.items()}
        for line in held:
            manifest.replayed.setdefault(line.key, []).append(line.digest)
        loader.flush()
    held.clear()


def quarantine_refused(settings: Settings, lake: Lake, clock: Clock) -> dict[str, int]:
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
        rewrite.announce(job, changes)
        rewrite.apply(job, lambda key, line: None if _is_refused(key, line) else line)
        job.manifest.rewriting = []
        moved = Counter[str]()
        for key, records in changes.items():
            moved[part_of(key).resource] += records
        return dict(moved)


def _quarantine_lines(job: Job, resource: Resource, keys: list[str]) -> dict[str, int]:
    redact = make_redactor(job.settings, is_again=True)
    loader = job.open(resource, redact)
    changes = {}
    for key in keys:
        refused = [line for line in _lines(job.lake, key) if _is_refused(key, line)]
        changes[key] = len(refused)
        for record in map(json.loads, refused):
            body = _body(resource, record)
            verdict = check_record(body, resource.schema)
            clean = redact(prune(body), resource, verdict.faulty)
            if isinstance(clean, dict):
                # Whose snapshot it is stays; the stamps of the run that loaded it go.
                clean |= {n: v for n, v in record.items() if n not in body and n not in STAMPS}
            loader.quarantine(clean, verdict.reason or "")
    loader.flush()
    loader.close()
    return changes


def count_refused(key: str, lines: list[bytes]) -> int:
    """How many lines of an object of bronze today's schema refuses."""
    return sum(_is_refused(key, line) for line in lines)


def _is_refused(key: str, line: bytes) -> bool:
    resource = _BY_NAME.get(part_of(key).resource)
    return resource is not None and (
        check_record(_body(resource, json.loads(line)), resource.schema).reason is not None
    )


def _lines(lake: Lake, key: str) -> list[bytes]:
    return unpack_lines(lake.get(key)) or []


def _body(resource: Resource, record: dict[str, object]) -> dict[str, object]:
    """The API's record in a line of bronze."""
    ours = ADDED_FIELDS if resource.is_snapshot else STAMPS
    return {name: value for name, value in record.items() if name not in ours}
