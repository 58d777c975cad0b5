"""Source to bronze: every resource of the table, in its order, into the lake."""

from __future__ import annotations

import logging
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ingestion.api.client import Wistia
from ingestion.api.clock_skew import ClockSkew
from ingestion.api.rate_limit import Pacer
from ingestion.config.errors import REFUSALS, BadResponseError, IngestionError, NotFoundError
from ingestion.config.secrets import read_token
from ingestion.config.timestamps import format_timestamp
from ingestion.extract.context import Ingest, Scope
from ingestion.extract.events import land_events
from ingestion.extract.media import MediaList, resolve_media
from ingestion.extract.video_days import land_days
from ingestion.extract.visitors import land_visitors
from ingestion.resources import MEDIAS, Resource
from ingestion.state.recovery import close_crashed
from ingestion.state.source_guard import check_source
from ingestion.state.totals import IngestTotals

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from ingestion.config.settings import Settings
    from ingestion.state.manifest import Manifest, ResourceRun
    from ingestion.state.run import RunRecord
    from ingestion.storage.base import Lake

log = logging.getLogger(__name__)


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
        ClockError: The run's clock is not the API's.
        IngestionError: Whatever stopped it; what landed before stays.
    """
    scope = scope or Scope()
    scope.resources  # noqa: B018 - an unknown name must fail before anything is touched
    token = read_token(settings)
    with lake.lock("ingest"), run.stage("ingest"):
        pacer = Pacer(settings.wistia_requests_per_minute, time.monotonic, sleep)
        client = Wistia(settings, token, pacer, sleep, ClockSkew(run.clock))
        totals = IngestTotals(started_at=format_timestamp(run.clock()))
        try:
            client.check_token()
            run.manifest.source = check_source(lake, settings, client.fetch_account())
            run.manifest.ingest = totals
            manifests = close_crashed(run)
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
    """3 when something was set aside, a medium unknown or a list not read to its end, else 0."""
    flawed = any(
        entry.quarantined or entry.unknown_media or entry.is_cut_short
        for entry in manifest.resources
    )
    return 3 if flawed else 0


def _ingest_all(work: Ingest) -> None:
    with _counted(work, MEDIAS):
        media = resolve_media(work)
    for resource in work.scope.resources:
        with _counted(work, resource) as entry:
            try:
                _land(work, resource, media)
            except REFUSALS as error:
                if not resource.is_optional or work.scope.resource == resource.name:
                    raise
                # A token or plan that may not read it must not cost what it may.
                entry.state = "failed"
                entry.notes.append(f"not read: {error}")
                log.warning("%s is not read: %s", resource.name, error)
        log.info("%s: %d landed, %d unchanged", resource.name, entry.records, entry.unchanged)
    work.run.save()


def _land(work: Ingest, resource: Resource, media: MediaList) -> None:
    if resource.kind == "crawl":
        land_visitors(work, resource)
    elif resource.kind == "windows":
        land_events(work, resource)
    elif resource.kind == "days":
        land_days(work, resource, media.ids)
    elif resource.kind == "snapshot":
        ids = media.ids if resource.is_of_media else (resource.name,)
        _land_snapshots(work, resource, ids, media.listed)
    elif resource is MEDIAS:
        _land_listing(work, resource, media.items)


@contextmanager
def _counted(work: Ingest, resource: Resource) -> Iterator[ResourceRun]:
    entry = work.run.manifest.resource(resource.name)
    requests, retries = work.client.requests, work.client.retries
    try:
        yield entry
    except IngestionError:
        entry.state = "failed"
        raise
    finally:
        entry.requests += work.client.requests - requests
        entry.retries += work.client.retries - retries


def _land_listing(work: Ingest, resource: Resource, items: list[object]) -> None:
    landing, state = work.open(resource)
    landing.land(items)
    landing.flush()
    work.close(landing.entry, state)


def _land_snapshots(
    work: Ingest, resource: Resource, media_ids: tuple[str, ...], listed: frozenset[str]
) -> None:
    landing, state = work.open(resource)
    for media_id in media_ids:
        path = resource.path.format(media_id=media_id)
        try:
            landing.land_snapshot(media_id, work.client.get(path, salvages=True))
        except NotFoundError:
            if not resource.is_of_media:
                raise
            landing.miss(media_id, is_listed=media_id in listed)
            log.info("Wistia has no statistics of %s; check WISTIA_MEDIA_IDS", media_id)
        except BadResponseError as error:
            landing.reject_answer(error, media_id)
            if error.is_page:
                # Not the API's: every other medium would be answered so.
                landing.flush()
                raise
            log.warning("the statistics of %s are set aside: %s", media_id, error)
        work.progress(landing.entry)
    landing.flush()
    work.close(landing.entry, state)


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
