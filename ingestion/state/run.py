"""What a running process holds of its run: the manifest, written at every step."""

from __future__ import annotations

import logging
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING

from ingestion.config.errors import describe
from ingestion.config.logging import about
from ingestion.config.signals import INTERRUPTED
from ingestion.config.timestamps import Clock, format_timestamp, run_id_at
from ingestion.state.manifest import Kind, Manifest, StageRun, State, exit_code
from ingestion.storage.base import RUN_LOCK, Lake

if TYPE_CHECKING:
    from collections.abc import Iterator

log = logging.getLogger(__name__)


class RunRecord:
    """A manifest with its lake and clock: what a running process holds."""

    def __init__(self, manifest: Manifest, lake: Lake, clock: Clock) -> None:
        self.manifest = manifest
        self.lake = lake
        self.clock = clock
        self._is_written = False

    def save(self) -> None:
        """Write the manifest as it stands."""
        self.manifest.save(self.lake)
        self._is_written = True

    def alive(self) -> AbstractContextManager[None]:
        """Hold a lock of the run's own: who can take it knows that the run is dead."""
        return self.lake.lock(RUN_LOCK + self.manifest.run_id)

    @contextmanager
    def recorded(self) -> Iterator[None]:
        """Be alive while the block lasts, and close the run as it ended."""
        with self.alive():
            try:
                yield
            except BaseException as error:
                self.fail(error)
                raise
            self.finish("completed", exit_code(self.manifest))

    @contextmanager
    def stage(self, name: str) -> Iterator[StageRun]:
        """Record a stage; the first save is its own, so one that is refused leaves no trace."""
        stages = self.manifest.stages
        # A stage tried again replaces its earlier try: the record says how it ended.
        stages[:] = [other for other in stages if other.stage != name]
        entry = StageRun(stage=name, started_at=format_timestamp(self.clock()))
        stages.append(entry)
        with about(run_id=self.manifest.run_id, stage=name):
            log.info("stage began")
            try:
                yield entry
            except BaseException as error:
                # Refused before anything began; later it is how the run ended.
                if not getattr(error, "is_recorded", True) and not self._is_written:
                    stages.remove(entry)
                    raise
                self._end(entry, "failed", *describe(error))
                raise
            self._end(entry, "completed")

    def _end(
        self, entry: StageRun, state: State, error: str | None = None, remedy: str | None = None
    ) -> None:
        entry.state, entry.error, entry.remedy = state, error, remedy
        entry.finished_at = format_timestamp(self.clock())
        level = logging.INFO if state == "completed" else logging.ERROR
        said = entry.model_dump(exclude={"stage"}, exclude_none=True)
        log.log(level, "stage ended", extra={"figures": {**said, "seconds": entry.seconds}})
        self.save()

    def restate(self, name: str, error: BaseException) -> None:
        """Say again why a stage failed, where its caller knows better than it did."""
        for entry in self.manifest.stages:
            if entry.stage == name:
                entry.error, entry.remedy = describe(error)

    @property
    def is_recorded(self) -> bool:
        """Whether it began: a run that was refused before leaves no trace."""
        return bool(self.manifest.stages)

    def fail(self, error: BaseException) -> None:
        """Close a run that an error ended, unless it was refused before it began."""
        if getattr(error, "is_recorded", True) or self.is_recorded:
            stopped = INTERRUPTED if isinstance(error, KeyboardInterrupt) else 1
            self.finish("failed", getattr(error, "exit_code", stopped))

    def finish(self, state: State, exit_code: int) -> None:
        """Close the run."""
        self.manifest.state = state
        self.manifest.exit_code = exit_code
        self.manifest.finished_at = format_timestamp(self.clock())
        with about(run_id=self.manifest.run_id):
            log.info("run ended", extra={"figures": self.manifest.figures()})
        self.save()


def start_run(lake: Lake, kind: Kind, code_version: str, clock: Clock) -> RunRecord:
    """Begin a run; nothing is written before the first stage."""
    now = clock()
    manifest = Manifest(
        run_id=run_id_at(now),
        kind=kind,
        started_at=format_timestamp(now),
        code_version=code_version,
    )
    return RunRecord(manifest, lake, clock)
