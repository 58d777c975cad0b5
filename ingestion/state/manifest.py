"""The record of a run: what it wrote, counted, and how each stage ended.

`state/runs/<run_id>.json`, one line. A part is written first and listed second, so
what is listed exists; what exists unlisted belongs to a killed run.
"""

from __future__ import annotations

import json
import logging
import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ingestion.config.timestamps import seconds_between
from ingestion.state.totals import IngestTotals, RunTotals, State
from ingestion.storage.checksum import seal

if TYPE_CHECKING:
    from ingestion.storage.base import Lake

PREFIX = "state/runs/"
log = logging.getLogger(__name__)


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
    # Whether a list was given up before its end; the notes say which and why.
    is_cut_short: bool = False
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

    @property
    def seconds(self) -> float | None:
        """How long it took; None while it lasts."""
        return seconds_between(self.started_at, self.finished_at)


class ProcessOfRun(BaseModel):
    """Who runs it: what still says "running" when this has ended died without a word.

    Attributes:
        birth: When the system began the process, see `birth_of`: a pid is given out again.
    """

    host: str
    pid: int
    birth: str | None = None

    @classmethod
    def this(cls) -> ProcessOfRun:
        """The process that asks."""
        return cls(host=socket.gethostname(), pid=os.getpid(), birth=birth_of(os.getpid()))


def birth_of(pid: int) -> str | None:
    """When a process began, as the boot of Linux and its ticks since; None where nobody knows."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        # The name in parentheses may hold anything; the 22nd field is the start (man 5 proc).
        fields = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
    except OSError:
        return None
    return f"{boot} {fields[19]}"


class Manifest(BaseModel):
    """One run; written again after every part and every stage."""

    # Who saves a manifest of another kind must not lose what that kind adds.
    model_config = ConfigDict(extra="allow")

    run_id: str
    kind: Literal["run", "ingest", "build", "publish", "replay", "import", "forget", "redact"]
    state: State = "running"
    started_at: str
    finished_at: str | None = None
    exit_code: int | None = None
    code_version: str
    process: ProcessOfRun | None = None
    source: dict[str, str | None] = Field(default_factory=dict)
    ingest: IngestTotals | None = None
    totals: RunTotals | None = None
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

    def figures(self) -> dict[str, object]:
        """What the run did, for a log and a status: counts, seconds; what is unknown left out."""
        read = self.ingest if self.ingest and self.ingest.finished_at else None
        return {
            "kind": self.kind,
            "state": self.state,
            "exit_code": self.exit_code,
            "code_version": self.code_version,
            **(read.figures() if read else {}),
            **(self.totals.model_dump(exclude_none=True) if self.totals else {}),
        }

    def save(self, lake: Lake) -> None:
        """Write it whole, on one line: Athena reads JSON by lines."""
        lake.put(self.key, seal(self.model_dump_json()))


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
