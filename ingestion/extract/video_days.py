"""The days of every video, as Wistia reports them: loads, plays, hours, in the account's zone.

A day's hours are no measurement: they are its plays times the video's engagement over its whole
life, restated whenever that moves. So the last month is asked for again each time, and a row is
loaded when it changed.

What was loaded is remembered as far back as the next run will ask, and not forever. So a backfill
of older days loads them again, changed or not: 730 small rows a video and backfill, of which silver
keeps the newest. Of a video that was not read before, only a backfill reads older days.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from ingestion.api.salvage import BadRecord
from ingestion.config.errors import NotFoundError
from ingestion.config.timestamps import format_timestamp
from ingestion.extract.media import read_each
from ingestion.load.loader import note

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from ingestion.extract.context import Ingest
    from ingestion.load.resource import Resource

# What the API keeps of events; of days it has all, and nobody knows since when.
KEPT = timedelta(days=730)
_RESTATED = timedelta(days=30)
_LONGEST = 366
# Two years of one video take 300 kB of memory.
_MOST_AHEAD = 200


def load_days(work: Ingest, resource: Resource) -> Generator[None]:
    """Load the days that are new or restated, one request a video as a rule.

    Yields:
        While only videos are left that hang.

    Raises:
        IngestionError: No video's days can be read; what was loaded stays, and the next run
            asks for the same days again.
    """
    started = work.run.clock()
    zone = ZoneInfo(work.settings.wistia_time_zone)
    today = started.astimezone(zone).date()
    with work.loading(resource) as loader:
        watermark, answered = loader.state.watermark, set[str]()
        usual = watermark.astimezone(zone).date() - _RESTATED if watermark else today - KEPT
        since = work.scope.since or (min(today - KEPT, usual) if work.scope.full else usual)
        # A backfill of the newest days alone leaves a gap that the next run has to read.
        moves = since <= usual
        read_again = datetime.combine(today - _RESTATED if moves else usual, time.min, tzinfo=UTC)
        asked = [
            {"start_date": first, "end_date": last} for first, last in spans(since, today, _LONGEST)
        ]

        def fetch(media_id: str) -> list[object]:
            path = resource.path.format(media_id=media_id)
            return [
                row
                for days in asked
                for row in work.client.get(path, days, expect=list, salvages=True)
            ]

        def take(media_id: str, rows: list[object] | NotFoundError) -> None:
            answered.add(media_id)
            if isinstance(rows, NotFoundError):
                # Whether the video is known is for its statistics to say.
                note(loader.entry, f"not read: {rows}")
            else:
                loader.load(_stamped(rows, media_id, started), remember_from=read_again)

        yield from read_each(work, loader, work.videos.ids, fetch, take, _MOST_AHEAD)
        # Of a video that did not answer the next run asks for the same days again.
        if moves and len(answered) == len(work.videos.ids):
            loader.reach(started, read_again)


def _stamped(rows: list[object], media_id: str, moment: datetime) -> Iterator[object]:
    """A row says neither whose it is nor when it was told."""
    for row in rows:
        stamp: dict[str, object] = {"media_id": media_id, "snapshot_ts": format_timestamp(moment)}
        if isinstance(row, BadRecord):
            yield row.with_fields(stamp)
        else:
            yield {**row, **stamp} if isinstance(row, dict) else row


def spans(first: date, last: date, days: int) -> Iterator[tuple[str, str]]:
    """Cut a stretch of days into pieces of at most so many, the newest first; ISO days."""
    while last >= first:
        start = max(first, last - timedelta(days=days - 1))
        yield start.isoformat(), last.isoformat()
        last = start - timedelta(days=1)
