"""The visitors: read by last activity, newest first, down to what is known.

`drifting_list` decides what to read and proves that nobody was missed; this module sends its
requests, loads what it gives out, and keeps where to go on.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING

from ingestion.api.paging import PageSize, Paging
from ingestion.api.parallel import Readers
from ingestion.api.salvage import fields_of, record_of
from ingestion.config.timestamps import format_timestamp, parse_timestamp
from ingestion.extract.drifting_list import Crawl, EndlessListError, Resume
from ingestion.extract.window import Request, Row, Window
from ingestion.storage.json_lines import encode, short_digest

if TYPE_CHECKING:
    from collections.abc import Callable

    from ingestion.extract.context import Ingest
    from ingestion.load.loader import Loader
    from ingestion.load.resource import Resource
    from ingestion.state.checkpoint import ResourceState

log = logging.getLogger(__name__)


def load_visitors(work: Ingest, resource: Resource) -> None:
    """Load every visitor that is new or was active since the watermark, less the overlap.

    What was loaded before an error stays; the next run goes on below it.
    """
    name, resume = work.find_broken(resource, Resume) or (None, None)
    if resume and resume.bound is not None and work.scope.full:
        name = resume = None
    if resume:
        log.info("going on with the crawl that began %s", name)
    with work.loading(resource, name) as loader:
        bound, moves = (resume.bound, True) if resume else _plan(work, loader.state)
        readers = Readers(_fetching(work, resource), work.client.in_flight)
        crawl = Crawl(readers, work.run.clock, bound, resume=resume)

        def point() -> Resume | None:
            resume = crawl.resume if moves else None
            if resume and resume.watermark:
                # Never before the point to go on from: a recovery takes what lies below as read.
                loader.entry.watermark = format_timestamp(resume.watermark)
            return resume

        loader.resume = point
        try:
            _load(work, crawl, loader)
        except EndlessListError as error:
            # Nothing says what lies below: the next run begins where this one did.
            loader.entry.cut_short(f"{resource.name}: {error}")
            return
        if moves and crawl.point.watermark is not None:
            loader.reach(crawl.point.watermark, crawl.point.watermark - work.settings.overlap)
        if bound is None:
            loader.state.reconciled_at = crawl.point.started_at
            loader.entry.reconciled_at = format_timestamp(crawl.point.started_at)


def _plan(work: Ingest, state: ResourceState) -> tuple[datetime | None, bool]:
    """How far down to read, and whether that moves the watermark: not where it leaves a gap."""
    known = state.watermark and state.watermark - work.settings.overlap
    if work.scope.full:
        return None, True
    if work.scope.since is not None:
        since = datetime.combine(work.scope.since, time.min, tzinfo=UTC)
        return since, known is not None and since <= known
    days, last = work.settings.wistia_reconcile_days, state.reconciled_at
    is_due = days and (last is None or work.run.clock() - last >= timedelta(days=days))
    return None if is_due else known, True


def _load(work: Ingest, crawl: Crawl, loader: Loader) -> None:
    entry, reading = loader.entry, crawl.reading
    for rows in crawl.fresh_rows():
        if reading.violations and not entry.violations:
            log.warning("visitors are not in order of last activity: reading all of them")
        entry.pages, entry.pages_expected = crawl.pages, crawl.pages_expected
        entry.shifts, entry.violations = reading.shifts, reading.violations
        remember_from = (crawl.point.watermark or work.run.clock()) - work.settings.overlap
        # An order that does not hold bounds nothing: then every row read may be news.
        bound = None if reading.violations else crawl.point.bound
        loader.load((row.record for row in rows), bound, remember_from)
        work.progress(loader)


def _fetching(work: Ingest, resource: Resource) -> Callable[[Request], Window]:
    size = PageSize()

    def fetch(request: Request) -> Window:
        page = Paging(resource.name, size, page=request.page, granted=request.per_page)
        found = work.client.fetch_page(resource.path, page)
        rows = tuple(_row(record, resource) for record in found)
        return Window((page.page - 1) * page.per_page, page.per_page, rows)

    return fetch


def _row(record: object, resource: Resource) -> Row:
    at = parse_timestamp(fields_of(record).get(resource.active_at))
    # Of the whole record: one without a key stands in the list like any other.
    return Row(at, short_digest(encode(record_of(record))), record)
