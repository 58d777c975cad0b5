"""One ingest's tools, handed to each resource: what to read, where to, with what."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from ingestion.config.errors import IngestionError
from ingestion.config.timestamps import compact_timestamp
from ingestion.load.loader import Loader
from ingestion.load.redaction import make_redactor
from ingestion.state.checkpoint import load_state

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import date

    from ingestion.api.client import Wistia
    from ingestion.config.settings import Settings
    from ingestion.load.redaction import Redactor
    from ingestion.load.resource import Resource
    from ingestion.state.checkpoint import ResourceState
    from ingestion.state.manifest import Manifest, ResourceRun
    from ingestion.state.run import RunRecord
    from ingestion.storage.base import Lake

_SAVED_EVERY = timedelta(seconds=5)


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


@dataclass(frozen=True, slots=True)
class Videos:
    """The videos of a run: their ids in order, their `/medias` items, the ids among those."""

    ids: tuple[str, ...] = ()
    items: list[object] = field(default_factory=list)
    listed: frozenset[str] = frozenset()


@dataclass(slots=True)
class Ingest:
    """Everything one ingest works with; made by `ingest`, passed to each resource."""

    settings: Settings
    lake: Lake
    run: RunRecord
    scope: Scope
    client: Wistia
    manifests: list[Manifest]
    report: Callable[[ResourceRun], None]
    videos: Videos = field(default_factory=Videos)
    _saved_at: datetime | None = None

    def progress(self, entry: ResourceRun) -> None:
        """Tell how far a resource has come; every few seconds the manifest tells it too."""
        self.report(entry)
        now = self.run.clock()
        if self._saved_at is None or now - self._saved_at >= _SAVED_EVERY:
            self.run.save()
            self._saved_at = now

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
            # A replay loads a few rows and reads no list.
            if entry is None or manifest.kind == "replay":
                continue
            if entry.state == "completed":
                return
            if entry.resume is not None:
                yield entry.crawl, entry.resume

    @contextmanager
    def loading(self, resource: Resource) -> Iterator[tuple[Loader, ResourceState]]:
        """Open a resource and close it; what was loaded before an error stays."""
        loader, state = self.open(resource)
        try:
            yield loader, state
            loader.flush()
        except IngestionError as error:
            loader.keep(error, None)
            raise
        loader.close()

    def open(self, resource: Resource, crawl: str | None = None) -> tuple[Loader, ResourceState]:
        """Open a resource's state and loader, see `open_loader`."""
        settings, redact = self.settings, make_redactor(self.settings)
        return open_loader(resource, self.run, self.manifests, settings.overlap, redact, crawl)


def open_loader(  # noqa: PLR0913, PLR0917 - as of `Loader`
    resource: Resource,
    run: RunRecord,
    before: list[Manifest],
    overlap: timedelta,
    redact: Redactor,
    crawl: str | None = None,
) -> tuple[Loader, ResourceState]:
    """Open a resource's state and loader.

    Args:
        resource: What is about to be loaded.
        run: The running manifest, its lake and clock.
        before: The runs before it, oldest first.
        overlap: As of `load_state`.
        redact: `PII_POLICY`, see `ingestion.load.redaction`.
        crawl: The start, as in names, of a crawl to go on with; a new one when None.
    """
    # This run's own manifest too: a stage tried again goes on from what it loaded.
    manifests = [*before, run.manifest]
    state = load_state(run.lake, resource, manifests, overlap)
    entry = run.manifest.resource(resource.name)
    entry.state = "running"
    entry.crawl = crawl or entry.crawl or _free_start(run.manifest, before)
    # Every run's entry of the same crawl: its parts are numbered through.
    ours = (resource.name, entry.crawl)
    earlier = [e for m in manifests for e in m.resources if (e.resource, e.crawl) == ours]
    return Loader(resource, state, entry, run, redact, earlier), state


def _free_start(manifest: Manifest, before: list[Manifest]) -> str:
    # Names have seconds; two runs inside one second must not share theirs.
    taken = {run.run_id.partition("-")[0] for run in before}
    taken |= {entry.crawl for run in before for entry in run.resources}
    moment = datetime.fromisoformat(manifest.started_at)
    while compact_timestamp(moment) in taken:
        moment += timedelta(seconds=1)
    return compact_timestamp(moment)
