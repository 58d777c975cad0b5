"""What the commands that look after a lake share: replay, import, forget, redact, rebuild.

Each is a run of its own: under the ingest's lock, with a manifest of its kind, which says what it
took, so that nothing is taken twice. What a killed one wrote and did not list is removed when the
next begins: its source is still there and is taken again.

Some rewrite bronze, the one exception to "never edited". Their manifest lists the objects about to
change before the first does. Each is put again whole, under its own key; then the manifests that
list it are brought up to date from what lies there. One that was killed is completed by the next.
"""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ingestion.config.timestamps import format_timestamp, run_id_at
from ingestion.config.version import code_version
from ingestion.extract.context import open_loader
from ingestion.state.inventory import is_object
from ingestion.state.manifest import Manifest, describe_object, forget_ended
from ingestion.state.recovery import close_dead_runs, listed_keys, remove_unlisted
from ingestion.state.run import RunRecord
from ingestion.state.source_guard import check_source, read_source
from ingestion.storage.json_lines import (
    QUARANTINE,
    RAW,
    compress,
    line_digest,
    unpack_lines,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from ingestion.config.settings import Settings
    from ingestion.load.loader import Loader
    from ingestion.load.redaction import Redactor
    from ingestion.load.resource import Resource
    from ingestion.state.checkpoint import ResourceState
    from ingestion.state.manifest import Kind, ResourceRun, StoredObject
    from ingestion.storage.base import Lake


@dataclass(slots=True)
class Job:
    """One command's tools: its lake, its manifest, and the runs before it, oldest first."""

    settings: Settings
    lake: Lake
    run: RunRecord
    manifest: Manifest
    before: list[Manifest]

    def open(self, resource: Resource, redact: Redactor) -> tuple[Loader, ResourceState]:
        """Open a resource's state and loader, see `open_loader`."""
        return open_loader(resource, self.run, self.before, self.settings.overlap, redact)


@contextmanager
def open_job(
    settings: Settings,
    lake: Lake,
    kind: Kind,
    clock: Callable[[], datetime],
) -> Iterator[Job]:
    """Hold the ingest's lock and record a run of this kind while the block lasts.

    Raises:
        LakeBusyError: An ingest, or another such command, is at work.
    """
    with lake.lock("ingest"):
        before = close_dead_runs(lake, clock, rolls_up=True)
        remove_unlisted(lake, before)
        now = clock()
        manifest = Manifest(
            run_id=run_id_at(now),
            kind=kind,
            started_at=format_timestamp(now),
            code_version=code_version(),
        )
        run = RunRecord(manifest, lake, clock)
        with run.alive():
            try:
                with run.stage(kind):
                    yield Job(settings, lake, run, manifest, before)
            except BaseException as error:
                run.fail(error)
                raise
            run.finish("completed", 3 if any(e.quarantined for e in manifest.resources) else 0)


def check_policy(settings: Settings, lake: Lake) -> None:
    """Hold policy and key against the lake's; whose account it is does not matter here."""
    recorded = read_source(lake)
    if recorded is not None:
        same = settings.model_copy(update={"wistia_base_url": recorded.get("base_url")})
        check_source(lake, same, recorded.get("account"))


def read_objects(job: Job, damaged: list[str]) -> Iterator[tuple[str, list[bytes]]]:
    """Read every object's lines; the key of one that cannot be read is added to `damaged`."""
    # A killed run's object lies there too, and may yet be listed.
    lying = (key for root in (RAW, QUARANTINE) for key in job.lake.list(root) if is_object(key))
    for key in sorted({*listed_keys(job.before), *lying}):
        body = job.lake.get(key)
        if body is None:  # removed by a command that was broken off, or lost
            continue
        lines = unpack_lines(body)
        if lines is None:
            damaged.append(key)
        else:
            yield key, lines


def announce(job: Job, changes: dict[str, int]) -> None:
    """Say which objects are about to change, and in how many lines, before the first does."""
    job.manifest.rewriting = list(changes)
    job.manifest.removed = {
        layer: sum(n for key, n in changes.items() if key.startswith(root))
        for layer, root in (("bronze", RAW), ("quarantine", QUARANTINE))
    }
    job.run.save()


def rewrite(job: Job, change: Callable[[str, bytes], bytes | None]) -> None:
    """Put each announced object again, then bring the manifests up to date from what lies there.

    `change(key, line)` gives the line that takes the place of one; None for none.
    """
    for key in job.manifest.rewriting:
        lines = unpack_lines(job.lake.get(key) or b"") or []
        kept = [new for line in lines if (new := change(key, line)) is not None]
        if kept:
            job.lake.put(key, compress(b"".join(line + b"\n" for line in kept)))
        else:
            job.lake.delete(key)
    relist(job, set(job.manifest.rewriting))
    complete_broken(job)


def relist(job: Job, keys: set[str]) -> None:
    """List in every manifest what these objects hold by now."""
    renamed = {old: new for run in (*job.before, job.manifest) for old, new in run.renamed.items()}
    for run in job.before:
        was = run.model_dump_json()
        for entry in run.resources:
            # Digests of rows, the person's perhaps among them: the next crawl begins again.
            entry.resume = None
            _relist_entry(job.lake, entry, keys)
        for key in keys & set(run.replayed):
            taken = [renamed.get(digest, digest) for digest in run.replayed[key]]
            run.replayed[key] = _still_there(job.lake, key, taken)
        if run.model_dump_json() != was:
            run.save(job.lake)
    forget_ended(job.lake)


def complete_broken(job: Job) -> None:
    """Bring the manifests up to date with what a killed command rewrote."""
    broken = [run for run in job.before if run.rewriting and run.kind == job.manifest.kind]
    if not broken:
        return
    relist(job, {key for run in broken for key in run.rewriting})
    for run in broken:
        run.rewriting, run.renamed = [], {}
        run.save(job.lake)


def _relist_entry(lake: Lake, entry: ResourceRun, keys: set[str]) -> None:
    for listed, field_name in ((entry.objects, "records"), (entry.quarantine, "quarantined")):
        before = sum(stored.records for stored in listed)
        listed[:] = [
            now
            for stored in listed
            if (now := _describe(lake, stored) if stored.key in keys else stored) is not None
        ]
        gone = before - sum(stored.records for stored in listed)
        setattr(entry, field_name, getattr(entry, field_name) - gone)


def _describe(lake: Lake, stored: StoredObject) -> StoredObject | None:
    body = lake.get(stored.key)
    if body is None:
        return None
    lines = unpack_lines(body)
    # An object that cannot be read is no forget's doing: its listing goes on saying so.
    return stored if lines is None else describe_object(stored.key, body, len(lines))


def _still_there(lake: Lake, key: str, digests: list[str]) -> list[str]:
    there = Counter(map(line_digest, unpack_lines(lake.get(key) or b"") or ()))
    return list((Counter(digests) & there).elements())
