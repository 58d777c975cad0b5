"""What the commands that look after a lake share: replay, import, forget, redact.

Each is a run of its own: under the ingest's lock, with a manifest of its kind, which says what it
took, so that nothing is taken twice. What a killed one wrote and did not list is removed when the
next begins: its source is still there and is taken again.
"""

from __future__ import annotations

import json
import logging
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, Field, ValidationError

from ingestion.config.timestamps import compact_timestamp, format_timestamp, run_id_at
from ingestion.config.version import code_version
from ingestion.load.bronze import QUARANTINE, RAW, read_records
from ingestion.load.loader import Loader
from ingestion.state.checkpoint import load_state
from ingestion.state.inventory import listings
from ingestion.state.manifest import PREFIX, Manifest, ProcessOfRun, ResourceRun
from ingestion.state.run import RunRecord
from ingestion.storage.checksum import seal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ingestion.config.settings import Settings
    from ingestion.load.redaction import Redactor
    from ingestion.load.resource import Resource
    from ingestion.state.checkpoint import ResourceState
    from ingestion.storage.base import Lake

log = logging.getLogger(__name__)
_OWN = ("sources", "replayed", "removed", "rewriting", "renamed", "recovered", "lost")


class SourceFile(BaseModel):
    """A file that an import took.

    Attributes:
        taken_at: The time in its name, UTC.
        sha256: Of its unpacked bytes.
        rows: How many of its rows are durable; all of them once `state` is completed.
    """

    name: str
    resource: str
    media_id: str = ""
    taken_at: str
    sha256: str
    rows: int = 0
    state: Literal["running", "completed"] = "running"

    @property
    def identity(self) -> tuple[str, str, str, str]:
        """What makes two files the same, wherever they lie."""
        return self.resource, self.media_id, self.taken_at, self.sha256


class Custody(Manifest):
    """Any run's manifest, with what the commands of custody add to theirs.

    Attributes:
        sources: Files that an import took.
        replayed: Digests of the lines that a replay took, by their quarantine object.
        removed: Rows that a forget removed, by layer; nothing of whom.
        rewriting: Objects that a forget or redact is about to rewrite; empty once it is done.
        renamed: What the digests in `replayed` are once their lines are rewritten; as long.
        recovered: Whether this was made again from the objects, its manifest being lost.
        lost: Objects that this run wrote, which have gone and have been taken off its list.
    """

    sources: list[SourceFile] = Field(default_factory=list)
    replayed: dict[str, list[str]] = Field(default_factory=dict)
    removed: dict[str, int] = Field(default_factory=dict)
    rewriting: list[str] = Field(default_factory=list)
    renamed: dict[str, str] = Field(default_factory=dict)
    recovered: bool = False
    lost: list[str] = Field(default_factory=list)

    def save(self, lake: Lake) -> None:
        """Write it whole, on one line, without what it has no use for."""
        unused = {name for name in _OWN if not getattr(self, name)}
        lake.put(self.key, seal(self.model_dump_json(exclude=unused)))


def parse_run(body: bytes | None) -> Custody | None:
    """Read a manifest of any kind; None when it is corrupt."""
    try:
        return Custody.model_validate(json.loads(body or b""))
    except (ValueError, ValidationError):
        return None


def read_runs(lake: Lake) -> list[Custody]:
    """Read every run of a lake, oldest first; an unreadable one is left out with a warning."""
    found = []
    for key in lake.list(PREFIX):
        run = parse_run(lake.get(key))
        if run is None:
            log.warning("%s is corrupt; see `wistia-elt doctor --lake`", key)
        else:
            found.append(run)
    return sorted(found, key=lambda run: (run.started_at, run.run_id))


@dataclass(slots=True)
class Job:
    """One command's tools: its lake, its manifest, and the runs before it, oldest first."""

    settings: Settings
    lake: Lake
    run: RunRecord
    manifest: Custody
    before: list[Custody]

    def open(self, resource: Resource, redact: Redactor) -> tuple[Loader, ResourceState]:
        """Open a resource's state and loader.

        Args:
            resource: What is about to land.
            redact: `PII_POLICY`, see `ingestion.load.redaction`.
        """
        overlap = timedelta(hours=self.settings.wistia_overlap_hours)
        state = load_state(self.lake, resource, [*self.before, self.manifest], overlap)
        entry = self.manifest.resource(resource.name)
        entry.crawl = self._free_start()
        return Loader(resource, state, entry, self.run, redact), state

    def close(self, entry: ResourceRun, state: ResourceState) -> None:
        """Close a resource: the manifest first, the state last."""
        entry.state = "completed"
        self.run.save()
        state.run_id = self.manifest.run_id
        state.save(self.lake)

    def _free_start(self) -> str:
        # Names have seconds, and no two runs may share a part's name.
        taken = {run.run_id.partition("-")[0] for run in self.before}
        taken |= {entry.crawl for run in self.before for entry in run.resources}
        moment = datetime.fromisoformat(self.manifest.started_at)
        while compact_timestamp(moment) in taken:
            moment += timedelta(seconds=1)
        return compact_timestamp(moment)


@contextmanager
def open_job(
    settings: Settings,
    lake: Lake,
    kind: Literal["replay", "import", "forget", "redact"],
    clock: Callable[[], datetime],
) -> Iterator[Job]:
    """Hold the ingest's lock and record a run of custody while the block lasts.

    Raises:
        LakeBusyError: An ingest, or another command of custody, is at work.
    """
    with lake.lock("ingest"):
        before = read_runs(lake)
        _close_killed(lake, before)
        now = clock()
        manifest = Custody(
            run_id=run_id_at(now),
            kind=kind,
            started_at=format_timestamp(now),
            code_version=code_version(),
            process=ProcessOfRun.this(),
        )
        run = RunRecord(manifest, lake, clock)
        try:
            with run.stage(kind):
                yield Job(settings, lake, run, manifest, before)
        except BaseException as error:
            run.fail(error)
            raise
        run.finish("completed", 3 if any(e.quarantined for e in manifest.resources) else 0)


def _close_killed(lake: Lake, runs: list[Custody]) -> None:
    # The lock is ours, so what still says "running" was killed. A run that failed may have
    # left an object too: its put was done, and the answer got lost.
    killed = {
        run.run_id: run
        for run in runs
        if run.kind in {"replay", "import"} and run.state != "completed"
    }
    if not killed:
        return
    listed = listed_keys(runs)
    for root in (RAW, QUARANTINE):
        for key in [key for key in lake.list(root) if key not in listed]:
            first = next(read_records(lake, key), {})
            if first.get("run_id") in killed:
                log.info("%s was written by a command that was killed: removed", key)
                lake.delete(key)
    for run in filter(is_broken, killed.values()):
        run.state = "crashed"
        for stage in run.stages:
            stage.state = "crashed"
        run.save(lake)


def is_broken(run: Manifest) -> bool:
    """Whether a run of custody, its lock being free, never came to its end."""
    return run.state == "running"


def listed_keys(runs: list[Custody]) -> set[str]:
    """Keys of every object that some manifest lists."""
    return set(listings(runs))
