"""Quarantine: what lies there, and its way back to bronze once the schema takes it.

Nothing in quarantine is edited or deleted. A replay's manifest lists the lines it took, by their
digests, and no line is taken twice. Records obey the privacy policy since they were quarantined.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from ingestion.admin.job import Job, if_durable, open_job, resource_of
from ingestion.config.grammar import MEDIA_ID
from ingestion.config.timestamps import Clock, parse_timestamp
from ingestion.load.schemas import check_record
from ingestion.resources import RESOURCES
from ingestion.state.inventory import read_inventory
from ingestion.state.manifest import Manifest, read_manifests
from ingestion.storage.json_lines import QUARANTINE, STAMPS, read_lines, short_digest, unpack_lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ingestion.config.settings import Settings
    from ingestion.load.loader import Loader
    from ingestion.load.resource import Resource
    from ingestion.storage.base import Lake


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
    """Tell what was quarantined, when and why: a group an object and reason."""
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
            digest = short_digest(line)
            is_waiting = taken[key][digest] == 0
            taken[key][digest] -= not is_waiting
            yield Line(key, digest, content, is_waiting)


def replay(
    settings: Settings, lake: Lake, resources: tuple[Resource, ...], clock: Clock
) -> Manifest:
    """Load every quarantined record that passes today's schema, under today's date."""
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
            loader = job.open(resource, is_again=True)
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
        job.check_policy()
        changes, moved = dict[str, int](), dict[str, int]()
        for resource in RESOURCES:
            if ours := [key for key in keys if resource_of(key) is resource]:
                found = _quarantine_lines(job, resource, ours)
                changes |= found
                moved[resource.name] = sum(found.values())
        job.announce(changes)
        job.rewrite(lambda key, line: None if _is_refused(key, line) else line)
        job.manifest.rewriting = []
        return moved


def _quarantine_lines(job: Job, resource: Resource, keys: list[str]) -> dict[str, int]:
    loader = job.open(resource, is_again=True)
    changes = {}
    for key in keys:
        refused = [line for line in _lines(job.lake, key) if _is_refused(key, line)]
        changes[key] = len(refused)
        for record in map(json.loads, refused):
            body, added = resource.split(record)
            # Whose snapshot it is stays; the stamps of the run that loaded it go.
            loader.prepare(body, {name: added[name] for name in added if name not in STAMPS})
    loader.flush()
    loader.close()
    return changes


def count_refused(key: str, lines: list[bytes]) -> int:
    """How many lines of an object of bronze today's schema refuses."""
    return sum(_is_refused(key, line) for line in lines)


def _is_refused(key: str, line: bytes) -> bool:
    resource = resource_of(key)
    if resource is None:
        return False
    body, _ = resource.split(json.loads(line))
    return check_record(body, resource.schema).reason is not None


def _lines(lake: Lake, key: str) -> list[bytes]:
    return unpack_lines(lake.get(key)) or []
