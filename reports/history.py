"""The history of runs, told once.

`status`, the Operations page, Data health, alarms and a run's summary all read it here, so that
none of them tells another story of the same run. A run that says "running" and whose process has
gone is told as crashed, although nobody has closed its manifest yet.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from ingestion.admin.quarantine import count_replayed
from ingestion.config.timestamps import parse_timestamp
from ingestion.resources import RESOURCES
from ingestion.state.manifest import entries_of, in_order, read_each
from ingestion.state.recovery import GO_ON, SILENT, is_alive

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from ingestion.state.manifest import Manifest, ResourceRun
    from ingestion.storage.base import Lake

# Clocks of two machines may differ by minutes.
_CLOCKS_APART = timedelta(minutes=10)
_GOOD = ("run", "completed")
# What is told of a run as its manifest has it.
_TOLD = {"run_id", "kind", "state", "started_at", "finished_at", "exit_code", "code_version"}
_CRAWL = ("requests", "retries", "pages", "shifts", "violations", "records")


@dataclass(frozen=True, slots=True)
class History:
    """Every run of a lake."""

    # Oldest first, each in the state it is in now.
    runs: list[Manifest]
    # Keys of the manifests that cannot be read.
    unreadable: tuple[str, ...] = ()

    def to_come(self, now: datetime) -> list[Manifest]:
        """Runs that are dated later than now, since a clock was wrong then, or is."""
        latest = now + _CLOCKS_APART
        starts = ((run, parse_timestamp(run.started_at)) for run in self.runs)
        return [run for run, started in starts if started is not None and started > latest]

    def until(self, now: datetime) -> History:
        """The same without those: a run with a wrong date must not stand for the newest one."""
        later = self.to_come(now)
        return History([run for run in self.runs if run not in later], self.unreadable)

    @property
    def running(self) -> list[str]:
        """Ids of the runs that are at work, whoever started them."""
        return [run.run_id for run in self.runs if run.state == "running"]

    @property
    def last_good_at(self) -> str | None:
        """When the last run of every stage ended well."""
        good = (run.finished_at for run in self.runs if (run.kind, run.state) == _GOOD)
        return max(filter(None, good), default=None)

    @property
    def newest_visitor_at(self) -> str | None:
        """The time of the newest visitor that any run has seen."""
        newest = (run.ingest.newest_visitor_at for run in self.runs if run.ingest)
        return max(filter(None, newest), default=None)

    def records(self) -> dict[str, int]:
        """Records in bronze, by resource."""
        return {r.name: sum(e.records for e in self._entries(r.name)) for r in RESOURCES}

    def quarantined(self) -> dict[str, int]:
        """Records in quarantine that no replay has taken, by resource."""
        return {
            r.name: sum(e.quarantined for e in self._entries(r.name))
            - count_replayed(self.runs, r.name)
            for r in RESOURCES
        }

    def describe_resource(self, name: str) -> dict[str, Any]:
        """How far a resource has been read.

        `{records, newest_at, watermark, last_crawl: {requests, retries, pages, …} | null,
        unknown_fields}`.
        """
        entries = self._entries(name)
        # Media have no time of their own: the newest is when one last loaded.
        newest = [entry.newest_at for entry in entries if entry.newest_at]
        loaded = [
            run.started_at
            for run in self.runs
            for entry in run.resources
            if entry.resource == name and entry.records
        ]
        completed = [e for e in self._entries(name, "run", "ingest") if e.state == "completed"]
        watermarks = [entry.watermark for entry in completed if entry.watermark]
        return {
            "records": sum(entry.records for entry in entries),
            "newest_at": max(newest or loaded, default=None),
            "watermark": watermarks[-1] if watermarks else None,
            "last_crawl": completed[-1].model_dump(include=set(_CRAWL)) if completed else None,
            "unknown_fields": sorted({field for e in entries for field in e.unknown_fields}),
        }

    def _entries(self, name: str, *kinds: str) -> list[ResourceRun]:
        runs = (run for run in self.runs if not kinds or run.kind in kinds)
        return list(entries_of(runs, name))


def read_history(lake: Lake) -> History:
    """Read every run of a lake; those that have ended are read once by a process."""
    found = read_each(lake)
    runs = [_as_it_is(lake, run) for run in found.values() if run is not None]
    return History(in_order(runs), tuple(key for key, run in found.items() if run is None))


def _as_it_is(lake: Lake, run: Manifest) -> Manifest:
    if run.state != "running" or is_alive(lake, run):
        return run
    # Nobody has closed it yet: the next run will, and `up` does within a minute.
    died = {"state": "crashed", "error": SILENT, "remedy": GO_ON}
    stages = [s.model_copy(update=died) if s.state == "running" else s for s in run.stages]
    return run.model_copy(update={"state": "crashed", "stages": stages})


def describe_run(run: Manifest) -> dict[str, Any]:
    """Tell a run: how it ended, what it did, and what it wants to be read.

    `{run_id, kind, state, started_at, finished_at, exit_code, code_version, failed_stage, error,
    remedy, seconds by stage, figures, loaded, quarantined, remarks, reading: {resource, pages,
    pages_expected} | null, stages: [{stage, state, started_at, finished_at, error, remedy}]}`.
    """
    failed = run.failed_stage
    silent = (SILENT, GO_ON) if run.state == "crashed" else (None, None)
    error, remedy = (failed.error, failed.remedy) if failed else silent
    reading = next((entry for entry in run.resources if entry.state == "running"), None)
    return {
        **run.model_dump(include=_TOLD),
        "failed_stage": failed.stage if failed else None,
        "error": error,
        "remedy": remedy,
        "seconds": {stage.stage: stage.seconds for stage in run.stages},
        "figures": run.figures(),
        "loaded": sum(entry.records for entry in run.resources),
        "quarantined": sum(entry.quarantined for entry in run.resources),
        "remarks": list(_remarks(run)),
        "reading": reading and reading.model_dump(include={"resource", "pages", "pages_expected"}),
        "stages": [stage.model_dump() for stage in run.stages],
    }


def _remarks(run: Manifest) -> Iterator[str]:
    """What a run that ended well still wants to be read, a sentence each."""
    for entry in run.resources:
        if entry.quarantined:
            yield (
                f"{entry.quarantined:,} of {entry.resource} were quarantined: "
                "`wistia-elt quarantine` says why."
            )
    for media_id in sorted({one for entry in run.resources for one in entry.unknown_media}):
        yield f"Wistia knows no video {media_id}: check `WISTIA_MEDIA_IDS`."
