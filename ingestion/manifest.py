"""The record of a run: what it wrote, counted, and how each stage ended.

`state/runs/<run_id>.json`, one line. A part is written first and listed second, so
what is listed exists; what exists unlisted belongs to a killed run.
"""

from __future__ import annotations

import json
import logging
import os
import secrets
import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ingestion.errors import describe
from ingestion.lake import RUN_LOCK
from ingestion.sealing import seal
from ingestion.timestamps import compact_timestamp, format_timestamp

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from ingestion.lake import Lake

PREFIX = "state/runs/"
log = logging.getLogger(__name__)
State = Literal["running", "completed", "failed", "crashed"]


class StoredObject(BaseModel):
    """One object of bronze or quarantine."""

    key: str
    records: int
    bytes: int
    sha256: str


class ResourceRun(BaseModel):
    """What a run did for one resource; counts are records."""

    resource: str
    state: State = "running"
    # When its crawl began, as in the names of its parts; a resumed one keeps its own.
    crawl: str = ""
    requests: int = 0
    pages: int = 0
    pages_expected: int | None = None
    retries: int = 0
    shifts: int = 0
    repaired: int = 0
    violations: int = 0
    records: int = 0
    unchanged: int = 0
    quarantined: int = 0
    newest_at: str | None = None
    watermark: str | None = None
    # When a crawl of the whole list began; None for one that read only what changed.
    reconciled_at: str | None = None
    objects: list[StoredObject] = Field(default_factory=list)
    quarantine: list[StoredObject] = Field(default_factory=list)
    unknown_fields: list[str] = Field(default_factory=list)
    unknown_media: list[str] = Field(default_factory=list)
    notes: list[str] = Field(default_factory=list)
    # Where the next run goes on when this one dies; the crawl's own, without names.
    resume: dict[str, object] | None = None


class StageRun(BaseModel):
    """One stage of a run; times are bronze's ISO texts, UTC."""

    stage: str
    state: State = "running"
    started_at: str
    finished_at: str | None = None
    error: str | None = None
    remedy: str | None = None


class ProcessOfRun(BaseModel):
    """Who runs it: what still says "running" when this has ended died without a word."""

    host: str
    pid: int

    @classmethod
    def this(cls) -> ProcessOfRun:
        """The process that asks."""
        return cls(host=socket.gethostname(), pid=os.getpid())


class IngestTotals(BaseModel):
    """What `silver.fact_runs` reads: final before a build starts."""

    state: State = "running"
    started_at: str
    finished_at: str | None = None
    requests: int = 0
    records: int = 0
    unchanged: int = 0
    quarantined: int = 0
    visitors: int = 0
    newest_visitor_at: str | None = None
    error: str | None = None


class Manifest(BaseModel):
    """One run; written again after every part and every stage."""

    # Who saves a manifest of another kind must not lose what that kind adds.
    model_config = ConfigDict(extra="allow")

    run_id: str
    kind: Literal["run", "ingest", "build", "publish", "replay", "import", "forget"]
    state: State = "running"
    started_at: str
    finished_at: str | None = None
    exit_code: int | None = None
    code_version: str
    process: ProcessOfRun | None = None
    source: dict[str, str | None] = Field(default_factory=dict)
    ingest: IngestTotals | None = None
    stages: list[StageRun] = Field(default_factory=list)
    resources: list[ResourceRun] = Field(default_factory=list)
    seal: str = Field(default="", exclude=True)

    @property
    def key(self) -> str:
        """Where it lies in the lake."""
        return f"{PREFIX}{self.run_id}.json"

    def resource(self, name: str) -> ResourceRun:
        """The entry of a resource, made when it is missing."""
        for entry in self.resources:
            if entry.resource == name:
                return entry
        self.resources.append(ResourceRun(resource=name))
        return self.resources[-1]

    @property
    def failed_stage(self) -> StageRun | None:
        """The stage that ended the run, when one did."""
        return next((s for s in self.stages if s.state in {"failed", "crashed"}), None)

    def save(self, lake: Lake) -> None:
        """Write it whole, on one line: Athena reads JSON by lines."""
        lake.put(self.key, seal(self.model_dump_json()))


class RunRecord:
    """A manifest with its lake and clock: what a running process holds."""

    def __init__(self, manifest: Manifest, lake: Lake, clock: Callable[[], datetime]) -> None:
        """Keep the three; nothing is written yet."""
        self.manifest = manifest
        self.lake = lake
        self.clock = clock

    def save(self) -> None:
        """Write the manifest as it stands."""
        self.manifest.save(self.lake)

    @contextmanager
    def alive(self) -> Iterator[None]:
        """Hold a lock of the run's own: who can take it knows that the run is dead."""
        with self.lake.lock(RUN_LOCK + self.manifest.run_id):
            yield

    @contextmanager
    def stage(self, name: str) -> Iterator[StageRun]:
        """Record a stage; the first save is its own, so one that is refused leaves no trace."""
        stages = self.manifest.stages
        # A stage tried again replaces its earlier try: the record says how it ended.
        stages[:] = [other for other in stages if other.stage != name]
        entry = StageRun(stage=name, started_at=format_timestamp(self.clock()))
        stages.append(entry)
        try:
            yield entry
        except BaseException as error:
            # Refused before anything began; after another stage it is how the run ended.
            if not getattr(error, "is_recorded", True) and len(stages) == 1:
                stages.remove(entry)
                raise
            entry.state = "failed"
            entry.error, entry.remedy = describe(error)
            self._end(entry)
            raise
        entry.state = "completed"
        self._end(entry)

    def _end(self, entry: StageRun) -> None:
        entry.finished_at = format_timestamp(self.clock())
        self.save()

    @property
    def is_recorded(self) -> bool:
        """Whether it began: a run that was refused before leaves no trace."""
        return bool(self.manifest.stages)

    def fail(self, error: BaseException) -> None:
        """Close a run that an error ended, unless it was refused before it began."""
        if getattr(error, "is_recorded", True) or self.is_recorded:
            self.finish("failed", getattr(error, "exit_code", 1))

    def finish(self, state: State, exit_code: int) -> None:
        """Close the run."""
        self.manifest.state = state
        self.manifest.exit_code = exit_code
        self.manifest.finished_at = format_timestamp(self.clock())
        self.save()


def start_run(
    lake: Lake,
    kind: Literal["run", "ingest", "build", "publish"],
    code_version: str,
    clock: Callable[[], datetime],
) -> RunRecord:
    """Begin a run; nothing is written before the first stage."""
    now = clock()
    run_id = f"{compact_timestamp(now)}-{secrets.token_hex(3)}"
    manifest = Manifest(
        run_id=run_id,
        kind=kind,
        started_at=format_timestamp(now),
        code_version=code_version,
        process=ProcessOfRun.this(),
    )
    return RunRecord(manifest, lake, clock)


def read_manifests(lake: Lake) -> list[Manifest]:
    """Read every run of a lake, oldest first; an unreadable one is left out with a warning."""
    found = []
    for key in lake.list(PREFIX):
        body = lake.get(key)
        try:
            found.append(Manifest.model_validate(json.loads(body or b"")))
        except (ValueError, ValidationError):
            log.warning("%s is corrupt; what that run landed is not known of", key)
    return sorted(found, key=lambda manifest: (manifest.started_at, manifest.run_id))
