"""The visitors: crawled by last activity, newest first, down to what is known.

`visitor_list.crawl` decides what to read and proves that nobody was missed; this module
sends its reads, lands what it gives, and persists where to go on.
"""

from __future__ import annotations

import hashlib
import logging
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING

from ingestion.api.paging import PER_PAGE, EndlessListError, News, PageSize
from ingestion.api.parallel import Readers
from ingestion.api.salvage import BadRecord, fields_of
from ingestion.config.errors import IngestionError, TooSlowError
from ingestion.config.timestamps import format_timestamp, parse_timestamp
from ingestion.extract.visitor_list.crawl import Crawl, Read, Resume, Row
from ingestion.extract.visitor_list.resume import has_leapt
from ingestion.state.recovery import replace_unlisted
from ingestion.storage.json_lines import encode

if TYPE_CHECKING:
    from ingestion.extract.context import Ingest
    from ingestion.load.loader import Loader
    from ingestion.load.resource import Resource
    from ingestion.state.checkpoint import ResourceState

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Plan:
    """Which crawl to do.

    Attributes:
        bound: How far down to read; None for the whole list.
        moves: Whether its end moves the watermark: not when it leaves a gap above it.
        resume: Where a broken crawl goes on.
        name: Its start as in names; None for a new crawl.
    """

    bound: datetime | None
    moves: bool = True
    resume: Resume | None = None
    name: str | None = None


def load_visitors(work: Ingest, resource: Resource) -> None:
    """Land every visitor that is new or was active since the watermark, less the overlap.

    Raises:
        IngestionError: A page cannot be read or a part not written; what landed stays, and
            the next run goes on below it.
    """
    broken = _find_broken(work, resource)
    loader, state = work.open(resource, broken.name if broken else None)
    plan = broken or _plan(work, state)
    started = plan.resume.started_at if plan.resume else work.run.clock()
    crawl = Crawl(started_at=started, bound=plan.bound, per_page=PER_PAGE, resume=plan.resume)
    try:
        _drive(work, resource, crawl, loader, plan)
    except EndlessListError as error:
        # Nothing says what lies below: the next run begins where this one did.
        loader.cut_short(str(error))
        loader.flush()
        work.close(loader.entry, state)
        return
    except IngestionError as error:
        loader.keep(error, _resume_point(crawl, plan))
        raise
    _flush(work, loader, crawl, plan)
    outcome = crawl.outcome
    if plan.moves and outcome.watermark is not None:
        state.watermark = outcome.watermark
        state.forget_before(outcome.watermark - work.overlap)
    if plan.bound is None:
        state.reconciled_at = started
        loader.entry.reconciled_at = format_timestamp(started)
    work.close(loader.entry, state)


def _plan(work: Ingest, state: ResourceState) -> Plan:
    known = None if state.watermark is None else state.watermark - work.overlap
    if work.scope.full or (work.scope.since is None and _is_reconcile_due(work, state)):
        return Plan(bound=None)
    if work.scope.since is None:
        return Plan(bound=known)
    since = datetime.combine(work.scope.since, time.min, tzinfo=UTC)
    return Plan(bound=since, moves=known is not None and since <= known)


def _is_reconcile_due(work: Ingest, state: ResourceState) -> bool:
    days = work.settings.wistia_reconcile_days
    if not days:
        return False
    if state.reconciled_at is None:
        return True
    return work.run.clock() - state.reconciled_at >= timedelta(days=days)


def _find_broken(work: Ingest, resource: Resource) -> Plan | None:
    """The crawl that the last run left unfinished, unless this one is told what to read."""
    for started, point in work.broken(resource):
        with suppress(KeyError, TypeError, ValueError):
            resume = Resume.from_json(point)
            if work.scope.full and resume.bound is not None:
                return None
            log.info("going on with the crawl that began %s", started)
            return Plan(bound=resume.bound, resume=resume, name=started)
    return None


def _drive(work: Ingest, resource: Resource, crawl: Crawl, loader: Loader, plan: Plan) -> None:
    in_flight = work.client.in_flight
    warned, saved = False, crawl.resume

    size, news = PageSize(), News(resource.identify)

    def fetch(read: Read) -> list[object]:
        # Smaller pages look like a cap that the server has lowered, which the crawl knows.
        while True:
            asked = {"page": read.page, "per_page": min(read.per_page, size.rows)}
            try:
                rows: list[object] = work.client.get(
                    resource.path, asked, expect=list, salvages=True
                )
            except TooSlowError:
                if not size.lower(asked["per_page"]):
                    raise
            else:
                return rows

    with Readers(fetch) as readers:
        while not crawl.done:
            for read in crawl.ready(max(0, in_flight.target - readers.in_flight)):
                readers.send(read)
            read, rows = readers.receive()
            news.refuse_endless(resource.name, rows, read.offset + len(rows))
            crawl.receive(read, [_row(row, resource) for row in rows])
            if crawl.outcome.violations and not warned:
                log.warning("visitors are not in order of last activity: reading all of them")
                warned = True
            _load(work, crawl, loader, plan)
            if loader.is_due or (plan.moves and has_leapt(saved, crawl.resume)):
                _flush(work, loader, crawl, plan)
                saved = crawl.resume
            work.progress(loader.entry)


def _load(work: Ingest, crawl: Crawl, loader: Loader, plan: Plan) -> None:
    outcome = crawl.outcome
    # An order that does not hold bounds nothing: then every row read may be news.
    bound = None if outcome.violations else plan.bound
    remember_from = (outcome.watermark or work.run.clock()) - work.overlap
    for landed in crawl.take():
        loader.load((row.record for row in landed.rows), bound, remember_from)
    _note(loader, crawl, plan)


def _flush(work: Ingest, loader: Loader, crawl: Crawl, plan: Plan) -> None:
    _note(loader, crawl, plan)
    loader.flush(_resume_point(crawl, plan))
    if plan.name is not None:
        replace_unlisted(work.lake, loader.entry, work.manifests)


def _note(loader: Loader, crawl: Crawl, plan: Plan) -> None:
    outcome, entry = crawl.outcome, loader.entry
    entry.pages, entry.pages_expected = outcome.pages, outcome.pages_expected
    entry.shifts, entry.repaired = outcome.shifts, outcome.repaired
    entry.violations = outcome.violations
    if plan.moves and outcome.watermark is not None:
        entry.watermark = format_timestamp(outcome.watermark)


def _resume_point(crawl: Crawl, plan: Plan) -> dict[str, object] | None:
    resume = crawl.resume if plan.moves else None
    return None if resume is None else resume.to_json()


def _row(record: object, resource: Resource) -> Row:
    fields = fields_of(record)
    # Of the whole record: one without a key stands in the list like any other.
    content = record.record if isinstance(record, BadRecord) else record
    digest = hashlib.blake2b(encode(content), digest_size=8).digest()
    at = parse_timestamp(fields.get(resource.active_at))
    return Row(active_at=at, digest=digest, record=record)
