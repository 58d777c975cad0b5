"""What a process that died without a word leaves behind, put in order by those after it.

A run holds a lock of its own while it lives, so whoever can take that lock knows that the run is
dead: a process id may be another's by now, in another container or after a restart. What a dead run
wrote and did not live to list is listed in its name; what a command wrote so is removed, since its
source is still there and is taken again.
"""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING

from ingestion.config.errors import LakeBusyError
from ingestion.config.timestamps import Clock, format_timestamp
from ingestion.state.manifest import (
    describe_object,
    entries_of,
    listings,
    parse_manifest,
    read_manifests,
)
from ingestion.storage.base import RUN_LOCK, Lake
from ingestion.storage.json_lines import QUARANTINE, RAW, read_records

if TYPE_CHECKING:
    from ingestion.load.resource import Resource
    from ingestion.state.manifest import Manifest, ResourceRun

SILENT = "the process ended without a word"
GO_ON = "start a run: it goes on where this one stopped"
# Their sources are still there: the quarantine, the old files.
_TAKEN_AGAIN = {"replay", "import"}
_PART = re.compile(r"([^/]+)/.*_([^_/]+)_part-(\d+)_batch_")

log = logging.getLogger(__name__)


def is_alive(lake: Lake, manifest: Manifest) -> bool:
    """Whether a run that says "running" is still at work."""
    return manifest.state == "running" and lake.is_locked(RUN_LOCK + manifest.run_id)


def refuse_while_at_work(lake: Lake, runs: list[Manifest]) -> None:
    """Refuse to change what a living run lists: it has its list in memory and writes it again.

    Raises:
        LakeBusyError: One is at work, in whatever stage.
    """
    for run in runs:
        if is_alive(lake, run):
            raise LakeBusyError(
                f"the {run.kind} {run.run_id} is at work in {lake.uri}",
                "wait for it to finish, then ask again; `wistia-elt status` shows it",
            )


def close_dead_runs(lake: Lake, clock: Clock, *, rolls_up: bool = False) -> list[Manifest]:
    """Mark crashed what says "running" and is dead; all runs of the lake, oldest first."""
    runs = read_manifests(lake, rolls_up=rolls_up)
    return [_close(lake, run, clock) if run.state == "running" else run for run in runs]


def _close(lake: Lake, run: Manifest, clock: Clock) -> Manifest:
    if is_alive(lake, run):
        return run
    try:
        with lake.lock(RUN_LOCK + run.run_id):
            # It may have ended well since it was read.
            run = parse_manifest(lake.get(run.key)) or run
            if run.state == "running":
                _mark(run, format_timestamp(clock()))
                run.save(lake)
    except LakeBusyError:
        log.debug("%s is at work after all", run.run_id)
    return run


def _mark(run: Manifest, now: str) -> None:
    run.state, run.finished_at = "crashed", now
    if run.ingest is not None and run.ingest.state == "running":
        run.ingest.state, run.ingest.finished_at, run.ingest.error = "crashed", now, SILENT
    for stage in run.stages:
        if stage.state == "running":
            stage.state, stage.finished_at = "crashed", now
            stage.error, stage.remedy = SILENT, GO_ON


def adopt_unlisted(lake: Lake, resource: Resource, manifests: list[Manifest]) -> None:
    """List what dead runs wrote unlisted, so that bronze is what its manifests say.

    An object is complete or absent, so what lies there is good, and it may be the only
    copy. A run that failed may leave one too: a put that S3 did and whose answer got lost.
    The parts of a crawl that is to go on are left to `replace_unlisted`: their rows are read
    again.
    """
    dead = {run.run_id: run for run in manifests if _is_dead(run) and run.kind not in _TAKEN_AGAIN}
    going_on = {entry.crawl for entry in broken_readings(manifests, resource.name)}
    for key in _unlisted(lake, resource.name, manifests) if dead else ():
        if (part := _part_of(key)) and part[1] in going_on:
            continue
        records = list(read_records(lake, key))
        run = dead.get(str(records[0].get("run_id"))) if records else None
        if run is not None:
            list_in(run, key, lake.get(key) or b"", len(records))
            run.save(lake)
            log.info("%s was written by a run that did not live to list it: listed now", key)


def list_in(run: Manifest, key: str, body: bytes, records: int) -> None:
    """List an object in a run's manifest, which is not saved yet."""
    run.resource(key.split("/")[1]).add(describe_object(key, body, records))


def replace_unlisted(lake: Lake, entry: ResourceRun, manifests: list[Manifest]) -> None:
    """Remove unlisted parts whose number a listed part of the same crawl has taken.

    An unlisted part was never part of the lake: its rows have been read again, and the
    part that holds them is durable and listed by now.
    """
    ours = {stored.key for stored in entry.listed}
    taken = {_part_of(key) for key in ours} - {None}
    for key in _unlisted(lake, entry.resource, manifests):
        if key not in ours and _part_of(key) in taken:
            lake.delete(key)


def remove_unlisted(lake: Lake, manifests: list[Manifest]) -> None:
    """Remove what killed commands wrote and did not list: its source is taken again."""
    killed = {run.run_id for run in manifests if _is_dead(run) and run.kind in _TAKEN_AGAIN}
    for key in _unlisted(lake, "", manifests) if killed else ():
        if next(read_records(lake, key), {}).get("run_id") in killed:
            log.info("%s was written by a command that was killed: removed", key)
            lake.delete(key)


def _is_dead(manifest: Manifest) -> bool:
    return manifest.state in {"crashed", "failed"}


def _unlisted(lake: Lake, resource: str, manifests: list[Manifest]) -> list[str]:
    listed = listings(manifests)
    roots = (f"{root}/{resource}".rstrip("/") for root in (RAW, QUARANTINE))
    return [key for root in roots for key in lake.list(root) if key not in listed]


def broken_readings(manifests: list[Manifest], resource: str) -> list[ResourceRun]:
    """The readings that a next run may go on with, newest first: since the last whole one."""
    found: list[ResourceRun] = []
    # A replay loads a few rows and reads no list.
    for entry in entries_of((run for run in manifests if run.kind != "replay"), resource):
        if entry.state == "completed":
            found.clear()
        elif entry.resume is not None:
            found.insert(0, entry)
    return found


def _part_of(key: str) -> tuple[str, ...] | None:
    """Bronze or quarantine, the crawl, and which part of it an object is; None for no part."""
    found = _PART.match(key)
    return found.groups() if found else None
