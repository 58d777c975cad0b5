"""The visitors: read by last activity, newest first, down to what is known.

`drifting_list` decides what to read and proves that nobody was missed; this module sends its
requests, loads what it gives out, and keeps where to go on.
"""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING

from pydantic import ValidationError

from ingestion.api.paging import EndlessListError, PageSize
from ingestion.api.parallel import Readers
from ingestion.api.salvage import BadRecord, fields_of
from ingestion.config.errors import IngestionError, TooSlowError
from ingestion.config.timestamps import format_timestamp, parse_timestamp
from ingestion.extract.drifting_list import Crawl, Resume
from ingestion.extract.window import Request, Row, Window
from ingestion.state.recovery import replace_unlisted
from ingestion.storage.json_lines import encode

if TYPE_CHECKING:
    from collections.abc import Generator

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


def load_visitors(work: Ingest, resource: Resource) -> Generator[None]:
    """Load every visitor that is new or was active since the watermark, less the overlap.

    Raises:
        IngestionError: A page cannot be read or a part not written; what was loaded stays, and
            the next run goes on below it.
    """
    broken = _find_broken(work, resource)
    loader, state = work.open(resource, broken.name if broken else None)
    plan = broken or _plan(work, state)
    reader = _Reader(work, resource)
    crawl = Crawl(reader, work.run.clock, plan.bound, resume=plan.resume)
    try:
        with reader.readers:
            _drive(work, crawl, loader, plan)
    except EndlessListError as error:
        # Nothing says what lies below: the next run begins where this one did.
        loader.cut_short(f"{resource.name}: {error}")
        loader.flush()
        loader.close()
        return
    except IngestionError as error:
        loader.keep(error, _resume_point(crawl, plan))
        raise
    _flush(work, loader, crawl, plan)
    if plan.moves and crawl.watermark is not None:
        state.watermark = crawl.watermark
        state.forget_before(crawl.watermark - work.settings.overlap)
    if plan.bound is None:
        state.reconciled_at = crawl.started_at
        loader.entry.reconciled_at = format_timestamp(crawl.started_at)
    loader.close()
    yield from ()


def _plan(work: Ingest, state: ResourceState) -> Plan:
    known = None if state.watermark is None else state.watermark - work.settings.overlap
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
        try:
            resume = Resume.model_validate(point)
        except ValidationError:
            # An older version left it: the list is read again, and what was loaded stays.
            continue
        if work.scope.full and resume.bound is not None:
            return None
        log.info("going on with the crawl that began %s", started)
        return Plan(bound=resume.bound, resume=resume, name=started)
    return None


def _drive(work: Ingest, crawl: Crawl, loader: Loader, plan: Plan) -> None:
    warned = False
    for rows in crawl.fresh_rows():
        if crawl.reading.violations and not warned:
            log.warning("visitors are not in order of last activity: reading all of them")
            warned = True
        remember_from = (crawl.watermark or work.run.clock()) - work.settings.overlap
        # An order that does not hold bounds nothing: then every row read may be news.
        bound = None if crawl.reading.violations else crawl.bound
        loader.load((row.record for row in rows), bound, remember_from)
        if loader.is_due:
            _flush(work, loader, crawl, plan)
        _note(loader, crawl)
        work.progress(loader.entry)


def _flush(work: Ingest, loader: Loader, crawl: Crawl, plan: Plan) -> None:
    _note(loader, crawl)
    if plan.moves and crawl.watermark is not None:
        # Never before the point to go on from: a recovery takes what lies below it as read.
        loader.entry.watermark = format_timestamp(crawl.watermark)
    loader.flush(_resume_point(crawl, plan))
    if plan.name is not None:
        replace_unlisted(work.lake, loader.entry, work.manifests)


def _note(loader: Loader, crawl: Crawl) -> None:
    entry = loader.entry
    entry.pages, entry.pages_expected = crawl.pages, crawl.pages_expected
    entry.shifts, entry.violations = crawl.reading.shifts, crawl.reading.violations


def _resume_point(crawl: Crawl, plan: Plan) -> dict[str, object] | None:
    resume = crawl.resume if plan.moves else None
    return None if resume is None else resume.model_dump(mode="json")


class _Reader:
    """Sends the requests under the account's limit, in smaller pages where they are too slow."""

    def __init__(self, work: Ingest, resource: Resource) -> None:
        self.readers = Readers(self._fetch)
        self._client, self._resource, self._size = work.client, resource, PageSize()

    @property
    def room(self) -> int:
        """How many more to send now."""
        return self._client.in_flight.target - self.readers.in_flight

    def send(self, request: Request) -> None:
        """Begin to read a page."""
        self.readers.send(request)

    def wait(self) -> Window:
        """Wait for the next answer."""
        request, window = self.readers.receive()
        request.window = window
        return window

    def _fetch(self, request: Request) -> Window:
        path = self._resource.path
        while True:
            per_page = min(request.per_page, self._size.rows)
            asked = {"page": request.offset // per_page + 1, "per_page": per_page}
            try:
                found: list[object] = self._client.get(path, asked, expect=list, salvages=True)
            except TooSlowError:
                if not self._size.lower(per_page):
                    raise
                log.warning("%s is slow: pages of %d rows from now on", path, self._size.rows)
            else:
                rows = tuple(_row(record, self._resource) for record in found)
                return Window((asked["page"] - 1) * per_page, per_page, rows)


def _row(record: object, resource: Resource) -> Row:
    # Of the whole record: one without a key stands in the list like any other.
    content = record.record if isinstance(record, BadRecord) else record
    digest = hashlib.blake2b(encode(content), digest_size=8).digest()
    return Row(parse_timestamp(fields_of(record).get(resource.active_at)), digest, record)
