"""The days of every medium, as Wistia reports them: loads, plays, hours, in the account's zone.

A day's hours are no measurement: they are its plays times the medium's engagement over its whole
life, restated whenever that moves. So the last month is asked for again each time, and a row lands
when it changed.

What landed is remembered as far back as the next run will ask, and not for ever. So a backfill of
older days lands them again, changed or not: 730 small rows a medium and backfill, of which silver
keeps the newest. Of a medium that was not read before, only a backfill reads older days.
"""

from __future__ import annotations

import logging
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from ingestion.api.salvage import BadRecord
from ingestion.config.errors import NotFoundError
from ingestion.config.timestamps import format_timestamp

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ingestion.extract.context import Ingest
    from ingestion.resources import Resource
    from ingestion.state.checkpoint import ResourceState

log = logging.getLogger(__name__)
# What the API keeps of events; of days it has all, and nobody knows since when.
KEPT = timedelta(days=730)
_RESTATED = timedelta(days=30)
_LONGEST = 366


def land_days(work: Ingest, resource: Resource, media_ids: tuple[str, ...]) -> None:
    """Land the days that are new or restated, one request a medium as a rule.

    Raises:
        IngestionError: A medium's days cannot be read; what landed stays, and the next run
            asks for the same days again.
    """
    landing, state = work.open(resource)
    started = work.run.clock()
    today = started.astimezone(ZoneInfo(work.settings.wistia_time_zone)).date()
    usual = _usual(work, state, today)
    since = _since(work, usual, today)
    # A backfill of the newest days alone leaves a gap that the next run has to read.
    moves = since <= usual
    remembered = datetime.combine(today - _RESTATED if moves else usual, time.min, tzinfo=UTC)
    landing.keep_after = remembered
    for media_id in media_ids:
        try:
            for first, last in spans(since, today, _LONGEST):
                rows = _read(work, resource, media_id, first, last)
                landing.land(_stamped(rows, media_id, started))
        except NotFoundError as error:
            # Whether the medium is known is for its statistics to say.
            landing.entry.notes.append(f"not read: {error}")
            log.info("no days of medium %s: %s", media_id, error)
        if landing.is_due:
            landing.flush()
        work.progress(landing.entry)
    landing.flush()
    if moves:
        state.watermark = started
        landing.entry.watermark = format_timestamp(started)
    state.forget_before(remembered)
    work.close(landing.entry, state)


def _usual(work: Ingest, state: ResourceState, today: date) -> date:
    """Where a run begins that nobody told where to begin."""
    if state.watermark is None:
        return today - KEPT
    zone = ZoneInfo(work.settings.wistia_time_zone)
    return state.watermark.astimezone(zone).date() - _RESTATED


def _since(work: Ingest, usual: date, today: date) -> date:
    if work.scope.since is not None:
        return work.scope.since
    return min(today - KEPT, usual) if work.scope.full else usual


def _read(work: Ingest, resource: Resource, media_id: str, first: date, last: date) -> list[object]:
    asked = {"start_date": first.isoformat(), "end_date": last.isoformat()}
    path = resource.path.format(media_id=media_id)
    rows: list[object] = work.client.get(path, asked, expect=list, salvages=True)
    return rows


def _stamped(rows: list[object], media_id: str, moment: datetime) -> Iterator[object]:
    """A row says neither whose it is nor when it was told."""
    for row in rows:
        stamp: dict[str, object] = {"media_id": media_id, "snapshot_ts": format_timestamp(moment)}
        if isinstance(row, BadRecord):
            yield row.with_fields(stamp)
        else:
            yield {**row, **stamp} if isinstance(row, dict) else row


def spans(first: date, last: date, days: int) -> Iterator[tuple[date, date]]:
    """Cut a stretch of days into pieces of at most so many, the newest first."""
    while last >= first:
        start = max(first, last - timedelta(days=days - 1))
        yield start, last
        last = start - timedelta(days=1)
