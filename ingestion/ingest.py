"""Source to bronze: every resource of the table, in its order, into the lake."""

from __future__ import annotations

import logging
import time
from collections import deque
from dataclasses import replace
from typing import TYPE_CHECKING

from ingestion.api.client import Wistia
from ingestion.api.clock_skew import ClockSkew
from ingestion.api.rate_limit import Pacer
from ingestion.config.errors import REFUSALS
from ingestion.config.secrets import read_token
from ingestion.config.timestamps import format_timestamp
from ingestion.extract.context import Ingest, Scope
from ingestion.extract.media import find_videos
from ingestion.resources import MEDIAS, choose
from ingestion.state.manifest import IngestTotals, Manifest, ResourceRun
from ingestion.state.recovery import close_dead_runs
from ingestion.state.source_guard import check_source

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from ingestion.config.settings import Settings
    from ingestion.load.resource import Resource
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
    """Load what is new into the lake, or what the `scope` says.

    The run's manifest lists every object written; `sleep` waits seconds, and `progress` is called
    with a resource's entry after each of its pages.

    Raises:
        ConfigurationError: No token, another source, an unknown resource.
        LakeBusyError: Another ingest holds the lake.
        ClockError: The run's clock is not the API's.
        IngestionError: Whatever stopped it; what was loaded before stays.
    """
    scope = scope or Scope()
    resources = choose(scope.resource)
    token = read_token(settings)
    with lake.lock("ingest"), run.stage("ingest"):
        pacer = Pacer(settings.wistia_requests_per_minute, time.monotonic, sleep)
        client = Wistia(settings, token, pacer, sleep, ClockSkew(run.clock))
        # A stage tried again has asked before.
        asked = run.manifest.ingest.requests if run.manifest.ingest else 0
        totals = IngestTotals(started_at=format_timestamp(run.clock()))
        try:
            client.check_token()
            run.manifest.source = check_source(lake, settings, client.fetch_account())
            run.manifest.ingest = totals
            runs = close_dead_runs(lake, run.clock, rolls_up=True)
            manifests = [one for one in runs if one.run_id != run.manifest.run_id]
            run.save()
            _ingest_all(Ingest(settings, run, scope, client, manifests, progress), resources)
            totals.state = "completed"
        except BaseException as error:
            totals.state, totals.error = "failed", str(error)
            # What hangs, or was being read, has failed too; what was loaded of it stays.
            for entry in run.manifest.resources:
                entry.state = "failed" if entry.state == "running" else entry.state
            raise
        finally:
            totals.requests = asked + client.requests
            totals.finished_at = format_timestamp(run.clock())
            totals.add_up(run.manifest.resources)
    return run.manifest


def _ingest_all(work: Ingest, resources: tuple[Resource, ...]) -> None:
    for entry in work.run.manifest.resources:
        # What an earlier try of the stage met may be over.
        entry.notes, entry.is_cut_short = [], False
    if any(resource is MEDIAS or resource.is_of_media for resource in resources):
        work.videos = find_videos(_counting(work, MEDIAS), MEDIAS)
    readings = deque((resource, _read(work, resource)) for resource in resources)
    while readings:
        resource, reading = readings.popleft()
        for _ in reading:
            log.warning("%s: some requests hang; other resources are read meanwhile", resource.name)
            readings.append((resource, reading))
            break
    work.run.save()


def _counting(work: Ingest, resource: Resource) -> Ingest:
    """The same tools; what is asked with them is counted for a resource too."""
    entry = work.run.manifest.resource(resource.name)
    return replace(work, client=work.client.counting(entry))


def _read(work: Ingest, resource: Resource) -> Generator[None]:
    """Read a resource; yields whenever nothing but requests that hang is left of it."""
    entry = work.run.manifest.resource(resource.name)
    try:
        yield from resource.extract(_counting(work, resource), resource) or ()
        log.info("%s: %d loaded, %d unchanged", resource.name, entry.records, entry.unchanged)
    except REFUSALS as error:
        if not resource.is_optional or work.scope.resource == resource.name:
            raise
        # A token or plan that may not read it must not cost what it may.
        entry.state = "failed"
        entry.notes.append(f"not read: {error}")
        log.warning("%s is not read: %s", resource.name, error)
