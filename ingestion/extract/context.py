"""One ingest's tools, handed to each resource: what to read, where to, with what."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from ingestion.config.errors import ConfigurationError
from ingestion.config.timestamps import compact_timestamp
from ingestion.load.loader import Landing
from ingestion.load.redaction import make_redactor
from ingestion.resources import RESOURCES, Resource
from ingestion.state.checkpoint import ResourceState, load_state

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ingestion.api.client import Wistia
    from ingestion.config.settings import Settings
    from ingestion.state.manifest import Manifest, ResourceRun
    from ingestion.state.run import RunRecord
    from ingestion.storage.base import Lake


@dataclass(frozen=True, slots=True)
class Scope:
    """What one ingest is asked to read.

    Attributes:
        full: Read the whole lists, not only what changed.
        resource: Only this one; None for all.
        since: Read what happened from this UTC day on, whatever the watermark.
    """

    full: bool = False
    resource: str | None = None
    since: date | None = None

    @property
    def resources(self) -> tuple[Resource, ...]:
        """The rows of the table that are meant.

        Raises:
            ConfigurationError: There is no such resource.
        """
        chosen = tuple(r for r in RESOURCES if self.resource in {None, r.name})
        if not chosen:
            names = ", ".join(resource.name for resource in RESOURCES)
            raise ConfigurationError(
                f"there is no resource {self.resource!r}", f"choose one of {names}"
            )
        return chosen


@dataclass(slots=True)
class Ingest:
    """Everything one ingest works with; made by `ingest`, passed to each resource."""

    settings: Settings
    lake: Lake
    run: RunRecord
    scope: Scope
    client: Wistia
    manifests: list[Manifest]
    progress: Callable[[ResourceRun], None]

    @property
    def overlap(self) -> timedelta:
        """The re-read window behind the watermark."""
        return timedelta(hours=self.settings.wistia_overlap_hours)

    def broken(self, resource: Resource) -> Iterator[tuple[str, dict[str, object]]]:
        """Readings that were broken off since the last whole one, the newest first.

        Yields:
            A reading's start as in names, and the point it would go on from; nothing where
            this run is told from when to read.
        """
        if self.scope.since is not None:
            return
        for manifest in reversed([*self.manifests, self.run.manifest]):
            entry = next((e for e in manifest.resources if e.resource == resource.name), None)
            # A replay lands a few rows and reads no list.
            if entry is None or manifest.kind == "replay":
                continue
            if entry.state == "completed":
                return
            if entry.resume is not None:
                yield entry.crawl, entry.resume

    def open(self, resource: Resource, crawl: str | None = None) -> tuple[Landing, ResourceState]:
        """Open a resource's state and landing.

        Args:
            resource: What is about to land.
            crawl: The start, as in names, of a crawl to go on with; a new one when None.
        """
        # This run's own manifest too: a stage tried again goes on from what it landed.
        manifests = [*self.manifests, self.run.manifest]
        state = load_state(self.lake, resource, manifests, self.overlap)
        entry = self.run.manifest.resource(resource.name)
        entry.state = "running"
        entry.crawl = crawl or entry.crawl or self._free_start()
        landing = Landing(
            resource,
            state,
            entry,
            self.run,
            make_redactor(self.settings),
            entries_of(manifests, entry),
        )
        return landing, state

    def close(self, entry: ResourceRun, state: ResourceState) -> None:
        """Close a resource that is read: the manifest first, the state last."""
        entry.state, entry.resume = "completed", None
        self.run.save()
        state.run_id = self.run.manifest.run_id
        state.save(self.lake)

    def _free_start(self) -> str:
        # Names have seconds; two runs inside one second must not share theirs.
        taken = {manifest.run_id.partition("-")[0] for manifest in self.manifests}
        moment = datetime.fromisoformat(self.run.manifest.started_at)
        while compact_timestamp(moment) in taken:
            moment += timedelta(seconds=1)
        return compact_timestamp(moment)


def entries_of(manifests: list[Manifest], entry: ResourceRun) -> list[ResourceRun]:
    """Every run's entry of the same crawl, oldest first: its parts are numbered through."""
    return [
        other
        for manifest in manifests
        for other in manifest.resources
        if (other.resource, other.crawl) == (entry.resource, entry.crawl)
    ]
