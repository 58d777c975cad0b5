"""What the commands that look after a lake share: replay, import, forget, redact.

Each is a run of its own: under the ingest's lock, with a manifest of its kind, which says what it
took, so that nothing is taken twice. What a killed one wrote and did not list is removed when the
next begins: its source is still there and is taken again.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal

from ingestion.config.timestamps import compact_timestamp, format_timestamp, run_id_at
from ingestion.config.version import code_version
from ingestion.load.loader import Loader
from ingestion.state.checkpoint import load_state
from ingestion.state.manifest import Manifest, ProcessOfRun
from ingestion.state.recovery import close_dead_runs, remove_unlisted
from ingestion.state.run import RunRecord

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ingestion.config.settings import Settings
    from ingestion.load.redaction import Redactor
    from ingestion.load.resource import Resource
    from ingestion.state.checkpoint import ResourceState
    from ingestion.state.manifest import ResourceRun
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
        before = close_dead_runs(lake, clock, rolls_up=True)
        remove_unlisted(lake, before)
        now = clock()
        manifest = Manifest(
            run_id=run_id_at(now),
            kind=kind,
            started_at=format_timestamp(now),
            code_version=code_version(),
            process=ProcessOfRun.this(),
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
