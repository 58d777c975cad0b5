"""Source to bronze: every resource of the table, in its order, into the lake."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from ingestion.credentials import read_token
from ingestion.errors import (
    BadResponseError,
    ConfigurationError,
    IngestionError,
    NotFoundError,
)
from ingestion.landing import Landing
from ingestion.manifest import IngestTotals, Manifest, ResourceRun, RunRecord, read_manifests
from ingestion.media import resolve_media
from ingestion.pacing import Pacer
from ingestion.privacy import make_redactor
from ingestion.resources import MEDIAS, RESOURCES, Resource
from ingestion.source import check_source
from ingestion.timestamps import compact_timestamp, format_timestamp
from ingestion.visitors import land_visitors
from ingestion.watermark import ResourceState, load_state
from ingestion.wistia import Wistia

if TYPE_CHECKING:
    from collections.abc import Callable

    from ingestion.lake import Lake
    from ingestion.settings import Settings

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Scope:
    """What one ingest is asked to read.

    Attributes:
        full: Read the whole visitor list, not only what changed.
        resource: Only this one; None for all.
        since: Read visitors active from this UTC day on, whatever the watermark.
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

    def open(
        self, resource: Resource, *, started: str | None = None, first_part: int | None = None
    ) -> tuple[Landing, ResourceState]:
        """Open a resource's state and landing."""
        # This run's own manifest too: a stage tried again goes on from what it landed.
        manifests = [*self.manifests, self.run.manifest]
        state = load_state(self.lake, resource, manifests, self.overlap)
        entry = self.run.manifest.resource(resource.name)
        landing = Landing(
            resource,
            state,
            entry,
            self.run,
            make_redactor(self.settings),
            started=started or self._free_start(),
            first_part=first_part or len(entry.objects) + 1,
        )
        return landing, state

    def _free_start(self) -> str:
        # Names have seconds; two runs inside one second must not share theirs.
        taken = {manifest.run_id.partition("-")[0] for manifest in self.manifests}
        moment = datetime.fromisoformat(self.run.manifest.started_at)
        while compact_timestamp(moment) in taken:
            moment += timedelta(seconds=1)
        return compact_timestamp(moment)


def ingest(  # noqa: PLR0913 - the outside world, each replaceable
    settings: Settings,
    lake: Lake,
    run: RunRecord,
    scope: Scope | None = None,
    *,
    sleep: Callable[[float], None] = time.sleep,
    progress: Callable[[ResourceRun], None] = lambda _entry: None,
) -> Manifest:
    """Land what is new in the lake.

    Args:
        settings: Where from, how fast, under which privacy policy.
        lake: Where to.
        run: The run this belongs to; its manifest lists every object written.
        scope: What to read; everything new when None.
        sleep: Waits seconds; a test passes its own.
        progress: Called with a resource's entry after each of its pages.

    Returns:
        The manifest with its `ingest` totals final.

    Raises:
        ConfigurationError: No token, another source, an unknown resource.
        LakeBusyError: Another ingest holds the lake.
        IngestionError: Whatever stopped it; what landed before stays.
    """
    scope = scope or Scope()
    scope.resources  # noqa: B018 - an unknown name must fail before anything is touched
    token = read_token(settings)
    with lake.lock("ingest"), run.stage("ingest"):
        pacer = Pacer(settings.wistia_requests_per_minute, time.monotonic, sleep)
        client = Wistia(settings, token, pacer, sleep)
        totals = IngestTotals(started_at=format_timestamp(run.clock()))
        try:
            client.check_token()
            run.manifest.source = check_source(lake, settings, client.fetch_account())
            run.manifest.ingest = totals
            manifests = _close_crashed(run)
            run.save()
            _ingest_all(Ingest(settings, lake, run, scope, client, manifests, progress))
        except BaseException as error:
            totals.state, totals.error = "failed", str(error)
            raise
        else:
            totals.state = "completed"
        finally:
            _total(totals, run.manifest, client, run.clock())
    return run.manifest


def exit_code(manifest: Manifest) -> int:
    """3 when the ingest set something aside or a medium was unknown, else 0."""
    flawed = any(entry.quarantined or entry.unknown_media for entry in manifest.resources)
    return 3 if flawed else 0


def _ingest_all(work: Ingest) -> None:
    media = resolve_media(work)
    for resource in work.scope.resources:
        entry = work.run.manifest.resource(resource.name)
        before = work.client.requests
        try:
            if resource.kind == "crawl":
                land_visitors(work, resource)
            elif resource.kind == "snapshot":
                _land_snapshots(work, resource, media.ids)
            elif resource is MEDIAS:
                _land_listing(work, resource, media.items)
        except IngestionError:
            entry.state = "failed"
            raise
        finally:
            entry.requests += work.client.requests - before
        entry.state = "completed"
        log.info("%s: %d landed, %d unchanged", resource.name, entry.records, entry.unchanged)
    work.run.save()


def _land_listing(work: Ingest, resource: Resource, items: list[object]) -> None:
    landing, state = work.open(resource)
    for start in range(0, len(items), 1_000):
        landing.land(items[start : start + 1_000])
        if landing.is_full:
            landing.flush()
    landing.flush()
    _keep(work, state)


def _land_snapshots(work: Ingest, resource: Resource, media_ids: tuple[str, ...]) -> None:
    landing, state = work.open(resource)
    for media_id in media_ids:
        path = resource.path.format(media_id=media_id)
        try:
            landing.land_snapshot(media_id, work.client.get(path))
        except NotFoundError:
            landing.entry.unknown_media.append(media_id)
            log.warning("Wistia knows no medium %s; check WISTIA_MEDIA_IDS", media_id)
        except BadResponseError as error:
            landing.reject({"length": error.length, "sha256": error.digest}, str(error))
            landing.flush()
            raise
        work.progress(landing.entry)
    landing.flush()
    _keep(work, state)


def _keep(work: Ingest, state: ResourceState) -> None:
    # The entry counts as final: the manifest first, the state last.
    entry = work.run.manifest.resource(state.resource)
    entry.state = "completed"
    work.run.save()
    state.run_id = work.run.manifest.run_id
    state.save(work.lake)


def _close_crashed(run: RunRecord) -> list[Manifest]:
    # The lock is ours, so a run that still says "running" died without saying so.
    manifests = [m for m in read_manifests(run.lake) if m.run_id != run.manifest.run_id]
    for manifest in manifests:
        if manifest.ingest is not None and manifest.ingest.state == "running":
            manifest.state = manifest.ingest.state = "crashed"
            manifest.ingest.finished_at = format_timestamp(run.clock())
            manifest.ingest.error = "the process ended without a word"
            for stage in manifest.stages:
                if stage.state == "running":
                    stage.state = "crashed"
            manifest.save(run.lake)
    return manifests


def _total(totals: IngestTotals, manifest: Manifest, client: Wistia, now: datetime) -> None:
    totals.finished_at = format_timestamp(now)
    totals.requests = client.requests
    for entry in manifest.resources:
        totals.records += entry.records
        totals.unchanged += entry.unchanged
        totals.quarantined += entry.quarantined
        if entry.resource == "visitors":
            totals.visitors = entry.records
            totals.newest_visitor_at = entry.newest_at
