"""One ingest's tools, handed to each resource: what to read, where to, with what."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, TypeVar

from pydantic import BaseModel, ValidationError

from ingestion.config.errors import IngestionError
from ingestion.load.loader import Loader
from ingestion.state.recovery import broken_readings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ingestion.api.client import Wistia
    from ingestion.config.settings import Settings
    from ingestion.load.resource import Resource
    from ingestion.state.manifest import Manifest, ResourceRun
    from ingestion.state.run import RunRecord

P = TypeVar("P", bound=BaseModel)
_SAVED_EVERY = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Scope:
    """What one ingest is asked to read.

    Whole lists and not only what changed when `full`; one `resource`, or all; what happened from
    the UTC day `since` on, whatever the watermark.
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
    run: RunRecord
    scope: Scope
    client: Wistia
    manifests: list[Manifest]
    report: Callable[[ResourceRun], None]
    videos: Videos = field(default_factory=Videos)
    _saved_at: datetime | None = None

    @contextmanager
    def loading(self, resource: Resource, crawl: str | None = None) -> Iterator[Loader]:
        """Open a resource and close it; what was loaded before an error stays.

        `crawl` is the start, as in names, of a reading to go on with.
        """
        loader = Loader(resource, self.run, self.manifests, self.settings, crawl)
        try:
            yield loader
            loader.close()
        except IngestionError as error:
            loader.keep(error)
            raise

    def progress(self, loader: Loader) -> None:
        """Put what is due, and tell how far it has come; the manifest too, every few seconds."""
        if loader.is_due:
            loader.flush()
        self.report(loader.entry)
        now = self.run.clock()
        if self._saved_at is None or now - self._saved_at >= _SAVED_EVERY:
            self.run.save()
            self._saved_at = now

    def find_broken(self, resource: Resource, point: type[P]) -> tuple[str, P] | None:
        """The start and the point of the newest reading that broke off since the last whole one.

        None where this run is told from when to read. A point that an older version left is passed
        over.
        """
        if self.scope.since is None:
            for entry in broken_readings([*self.manifests, self.run.manifest], resource.name):
                with suppress(ValidationError):
                    return entry.crawl, point.model_validate(entry.resume)
        return None
