"""The record of a run, whatever its kind: what it wrote, counted, and how each stage ended.

`state/runs/<run_id>.json`, one line. A part is written first and listed second, so
what is listed exists; what exists unlisted belongs to a killed run.

These files are the truth. Beside them `state/ended_runs.json.gz` holds the runs that have ended,
each with the tag its file had, so that a thousand of them cost one request: where the tag differs,
or that object is missing or damaged, the file itself is read.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import logging
import re
import zlib
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Literal
from weakref import WeakKeyDictionary

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from ingestion.config.errors import LakeError
from ingestion.config.timestamps import RUN_ID, seconds_between
from ingestion.storage.checksum import add_checksum
from ingestion.storage.json_lines import RAW

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from ingestion.storage.base import Lake

PREFIX = "state/runs/"
ENDED = "state/ended_runs.json.gz"
Kind = Literal[
    "run", "ingest", "build", "publish", "replay", "import", "forget", "redact", "rebuild"
]
State = Literal["running", "completed", "failed", "crashed"]
_AT_ONCE = 8  # a bucket answers each in about 20 ms
# So many ended runs may be read one by one before they are written down together.
_MOST_ALONE = 20
# What is said of each window or video of a resource is said no more often.
_MOST_NOTES = 5
log = logging.getLogger(__name__)


class StoredObject(BaseModel):
    """One object of bronze or quarantine."""

    key: str
    records: int
    bytes: int
    sha256: str


def describe_object(key: str, body: bytes, records: int) -> StoredObject:
    """An object as a manifest lists it."""
    checksum = hashlib.sha256(body).hexdigest()
    return StoredObject(key=key, records=records, bytes=len(body), sha256=checksum)


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
    violations: int = 0
    records: int = 0
    unchanged: int = 0
    quarantined: int = 0
    refused: int = 0  # of the unchanged: what was quarantined before, and is as it was
    newest_at: str | None = None
    watermark: str | None = None
    # When a crawl of the whole list began; None for one that read only what changed.
    reconciled_at: str | None = None
    objects: list[StoredObject] = Field(default_factory=list)
    quarantine: list[StoredObject] = Field(default_factory=list)
    unknown_fields: list[str] = Field(default_factory=list)
    unknown_media: list[str] = Field(default_factory=list)
    notes: list[str] = Field(default_factory=list)
    # Videos, by `identity_of`, whose days are read from the first one on, and those that were not
    # read: only what this run changed.
    whole: list[str] = Field(default_factory=list)
    broken: list[str] = Field(default_factory=list)
    # Whether a list was given up before its end; the notes say which and why.
    is_cut_short: bool = False
    # Where the next run goes on when this one dies; the crawl's own, without names.
    resume: dict[str, object] | None = None

    @property
    def listed(self) -> list[StoredObject]:
        """All that it wrote, in bronze and in quarantine."""
        return [*self.objects, *self.quarantine]

    def note(self, said: str) -> None:
        """Note something that costs nothing else."""
        if len(self.notes) < _MOST_NOTES:
            self.notes.append(said)

    def cut_short(self, reason: str) -> None:
        """Note that a list was given up before its end; the run ends with 3."""
        self.is_cut_short = True
        self.note(f"not read to its end: {reason}")
        log.warning("%s is not read to its end: %s", self.resource, reason)

    def add(self, stored: StoredObject) -> None:
        """List an object and count its records."""
        if stored.key.startswith(RAW):
            self.objects.append(stored)
            self.records += stored.records
        else:
            self.quarantine.append(stored)
            self.quarantined += stored.records

    def relist(self, change: Callable[[StoredObject], StoredObject | None]) -> None:
        """List in place of each object what `change` makes of it; None takes it off."""
        listed = self.listed
        self.records -= sum(stored.records for stored in self.objects)
        self.quarantined -= sum(stored.records for stored in self.quarantine)
        self.objects, self.quarantine = [], []
        for stored in filter(None, map(change, listed)):
            self.add(stored)


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

    def add_up(self, entries: list[ResourceRun]) -> None:
        """Take the sums of what was done for each resource."""
        self.records = sum(entry.records for entry in entries)
        self.unchanged = sum(entry.unchanged for entry in entries)
        self.quarantined = sum(entry.quarantined for entry in entries)
        for entry in entries:
            if entry.resource == "visitors":
                self.visitors, self.newest_visitor_at = entry.records, entry.newest_at


class RunTotals(BaseModel):
    """What the stages after the ingestion did; None where they did not come to it.

    Attributes:
        new_visitors: Rows more in `silver.fact_visitors` than before.
        returning_visitors: Visitor records that were loaded and were no new row.
        tables: Tables and pages built.
        built_rows: Rows in all of them.
        tests: Tests of dbt that passed.
        warnings: Tests that only warn, and did.
        scanned_bytes: What Athena read; None on DuckDB.
        cost_usd: What it bills for that, at the list price.
    """

    new_visitors: int | None = None
    returning_visitors: int | None = None
    tables: int | None = None
    built_rows: int | None = None
    tests: int | None = None
    warnings: int | None = None
    scanned_bytes: int | None = None
    cost_usd: float | None = None
    crawl_seconds: float | None = None
    build_seconds: float | None = None
    publish_seconds: float | None = None
    seconds: float | None = None


class SourceFile(BaseModel):
    """A file that an import took; the time in its name is UTC, the SHA-256 of its unpacked bytes.

    So many of its `rows` are durable: all of them once it is completed.
    """

    name: str
    resource: str
    media_id: str = ""
    taken_at: str
    sha256: str = ""
    rows: int = 0
    state: Literal["running", "completed"] = "running"

    @property
    def identity(self) -> tuple[str, str, str, str]:
        """What makes two files the same, wherever they lie."""
        return self.resource, self.media_id, self.taken_at, self.sha256


class Manifest(BaseModel):
    """One run; written again after every part and every stage.

    Attributes:
        sources: Files that an import took.
        replayed: Digests of the lines that a replay took, by their quarantine object.
        removed: Records that a forget or rebuild took out, or a redact changed, by layer; nothing
            of whom.
        rewriting: Objects that one of those is about to rewrite; empty once it is done.
        renamed: What the digests in `replayed` are once their lines are rewritten; as long.
        recovered: Whether this was made again from the objects, its manifest being lost.
        lost: Objects that this run wrote, which have gone and have been taken off its list.
    """

    # Who saves a manifest of a newer version must not lose what that one added.
    model_config = ConfigDict(extra="allow")

    run_id: str
    kind: Kind
    state: State = "running"
    started_at: str
    finished_at: str | None = None
    exit_code: int | None = None
    code_version: str
    source: dict[str, str | None] = Field(default_factory=dict)
    ingest: IngestTotals | None = None
    totals: RunTotals | None = None
    stages: list[StageRun] = Field(default_factory=list)
    resources: list[ResourceRun] = Field(default_factory=list)
    sources: list[SourceFile] = Field(default_factory=list)
    replayed: dict[str, list[str]] = Field(default_factory=dict)
    removed: dict[str, int] = Field(default_factory=dict)
    rewriting: list[str] = Field(default_factory=list)
    renamed: dict[str, str] = Field(default_factory=dict)
    recovered: bool = False
    lost: list[str] = Field(default_factory=list)
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
        found: dict[str, object] = {
            name: getattr(self, name) for name in ("kind", "state", "exit_code", "code_version")
        }
        if self.ingest is not None and self.ingest.finished_at:
            found["requests"] = self.ingest.requests
            found["fetched"] = self.ingest.records + self.ingest.unchanged + self.ingest.quarantined
            found["loaded"], found["quarantined"] = self.ingest.records, self.ingest.quarantined
        return found | (self.totals.model_dump(exclude_none=True) if self.totals else {})

    def save(self, lake: Lake) -> None:
        """Write it whole, on one line: Athena reads JSON by lines."""
        unused = {name for name in _OF_COMMANDS if not getattr(self, name)}
        lake.put(self.key, add_checksum(self.model_dump_json(exclude=unused)))


_OF_COMMANDS = ("sources", "replayed", "removed", "rewriting", "renamed", "recovered", "lost")


class _Ended(BaseModel):
    """A run that has ended, and the tag of the file it was read from."""

    key: str
    tag: str
    run: Manifest


_ROLL = TypeAdapter(list[_Ended])
# What this process has read of each lake.
_KNOWN: WeakKeyDictionary[Lake, dict[str, _Ended]] = WeakKeyDictionary()


def parse_manifest(body: bytes | None) -> Manifest | None:
    """Read a manifest; None when it is none."""
    try:
        return Manifest.model_validate(json.loads(body or b""))
    except (ValueError, ValidationError):
        return None


def is_manifest(key: str) -> bool:
    """Whether a run's record is named so: a copy by an editor or a synchronized folder is not."""
    return re.fullmatch(rf"{PREFIX}{RUN_ID}\.json", key) is not None


def read_each(lake: Lake, *, rolls_up: bool = False) -> dict[str, Manifest | None]:
    """Read every manifest of a lake, by its key; None for one that cannot be read.

    What has ended is read once: again come only the files that are new or have changed. Who alters
    a run that is given here saves it. The ended ones are written down together (`rolls_up`) when
    many had to be read alone.
    """
    tags = {one.key: one.tag for one in lake.entries(PREFIX) if is_manifest(one.key)}
    known = _KNOWN.get(lake) or {one.key: one for one in _read_ended(lake)}
    ended = {key: one for key, one in known.items() if tags.get(key) == one.tag}
    alone = [key for key in tags if key not in ended]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        read = dict(zip(alone, map(parse_manifest, pool.map(lake.get, alone)), strict=True))
    for key, run in read.items():
        if run is not None and run.state != "running":
            ended[key] = _Ended(key=key, tag=tags[key], run=run)
    _KNOWN[lake] = ended
    if rolls_up and sum(key in ended for key in alone) > _MOST_ALONE:
        _write_ended(lake, list(ended.values()))
    return {key: ended[key].run if key in ended else read[key] for key in tags}


def read_manifests(lake: Lake, *, rolls_up: bool = False) -> list[Manifest]:
    """Read every run of a lake, oldest first; an unreadable one is left out with a warning."""
    found = []
    for key, run in read_each(lake, rolls_up=rolls_up).items():
        if run is None:
            log.warning("%s is corrupt; see `wistia-elt doctor --lake`", key)
        else:
            found.append(run)
    return in_order(found)


def in_order(runs: Iterable[Manifest]) -> list[Manifest]:
    """Runs as they began, oldest first."""
    return sorted(runs, key=lambda run: (run.started_at, run.run_id))


def exit_code(manifest: Manifest) -> int:
    """3 when something was quarantined, a video unknown or a list not read to its end, else 0."""
    flawed = any(
        entry.quarantined or entry.unknown_media or entry.is_cut_short
        for entry in manifest.resources
    )
    return 3 if flawed else 0


def entries_of(runs: Iterable[Manifest], resource: str) -> Iterator[ResourceRun]:
    """What each run did for one resource, in the runs' order."""
    return (entry for run in runs for entry in run.resources if entry.resource == resource)


def listings(runs: Iterable[Manifest]) -> dict[str, list[StoredObject]]:
    """Every listing of each object of bronze and quarantine by its key, in the runs' order."""
    found: dict[str, list[StoredObject]] = {}
    for stored in (one for run in runs for entry in run.resources for one in entry.listed):
        found.setdefault(stored.key, []).append(stored)
    return found


def forget_ended(lake: Lake) -> None:
    """Let no older text of a manifest stay in what holds the ended ones together."""
    if lake.get(ENDED) is not None:
        _write_ended(lake, [])


def _read_ended(lake: Lake) -> list[_Ended]:
    try:
        return _ROLL.validate_json(gzip.decompress(lake.get(ENDED) or b""))
    # A role that may not read it reads the files.
    except (LakeError, OSError, EOFError, zlib.error, ValidationError):
        return []


def _write_ended(lake: Lake, runs: list[_Ended]) -> None:
    text = _ROLL.dump_json(runs, exclude_defaults=True)
    lake.put(ENDED, gzip.compress(text, compresslevel=1, mtime=0))
