"""The videos: which there are, their list, and what is asked for each, side by side."""

from __future__ import annotations

import logging
from collections import deque
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, TypeVar
from zoneinfo import ZoneInfo

from ingestion.api.paging import Paging
from ingestion.api.parallel import read_in_order
from ingestion.api.salvage import BadRecord, fields_of, record_of
from ingestion.config.errors import (
    REFUSALS,
    BadRequestError,
    BadResponseError,
    BlockedError,
    ForbiddenError,
    IngestionError,
    NotFoundError,
    RateLimitedError,
    UnavailableError,
)
from ingestion.config.grammar import MEDIA_ID
from ingestion.config.timestamps import format_timestamp
from ingestion.extract.context import Ingest, Videos
from ingestion.state.checkpoint import identity_of

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from ingestion.load.loader import Loader
    from ingestion.load.resource import Resource

log = logging.getLogger(__name__)
A = TypeVar("A")
# Of these the list tells that they have no statistics of plays; of a type that is new, only
# asking does. The last is a document of Microsoft's Office.
_NEVER_PLAYED = {"image", "swf", "pdfdocument", "microsoftofficedocument"}
# Answers that may wait behind a slow one. The longest engagement curves have 32 kB; two years of
# one video's days take 300 kB of memory.
_SNAPSHOTS_AHEAD, _DAYS_AHEAD = 1_000, 200
# So many videos in a row without an answer, and it is the API that is down.
_DOWN = 5
# What may be so of one video alone: it does not answer, or is refused; and what never is.
_REFUSED = (ForbiddenError, BadRequestError)
_OF_ONE, _OF_ALL = (UnavailableError, *_REFUSED), (RateLimitedError, BlockedError)
# What the API keeps of events; of days it has all, and nobody knows since when.
KEPT = timedelta(days=730)
_RESTATED = timedelta(days=30)
_LONGEST = 366


def find_videos(work: Ingest, resource: Resource) -> Videos:
    """Find the videos this run reads; raises where they must be found through the list.

    With ids in the settings the list gives only names and durations, so a token that may
    not read it, or an API without it, costs no more than those. A numeric id becomes the
    hashed one where the list knows it.
    """
    wanted = work.settings.wistia_media_ids
    if wanted == "all":
        items = _read_list(work, resource, {})
        playable = (item for item in items if _field(item, "type").lower() not in _NEVER_PLAYED)
        found = (_field(item, "hashed_id") for item in playable)
        ids = [media_id for media_id in found if MEDIA_ID.fullmatch(media_id)]
    else:
        # Only hashed ids can be asked for; numeric ones need the whole list.
        is_numeric = any(media_id.isdigit() for media_id in wanted)
        try:
            items = _read_list(work, resource, {} if is_numeric else {"hashed_ids[]": wanted})
        except REFUSALS as error:
            log.warning("no names and durations of videos: %s", error)
            work.run.manifest.resource(resource.name).note(str(error))
            return Videos(wanted)
        hashed = {_field(item, "id"): _field(item, "hashed_id") for item in items}
        known = {name: own for name, own in hashed.items() if MEDIA_ID.fullmatch(own)}
        ids = [known.get(media_id, media_id) for media_id in wanted]
        items = [item for item in items if _field(item, "hashed_id") in {*wanted, *ids}]
    listed = frozenset(_field(item, "hashed_id") for item in items)
    return Videos(tuple(dict.fromkeys(ids)), items, listed)


def _read_list(work: Ingest, resource: Resource, asked: dict[str, object]) -> list[object]:
    paging = Paging("the list of videos", identify=resource.identify)
    pages = work.client.fetch_pages(resource.path, asked, paging)
    items = [item for page in pages for item in page]
    if paging.gave_up:
        work.run.manifest.resource(resource.name).cut_short(paging.gave_up)
    return items


def _field(item: object, name: str) -> str:
    value = fields_of(item).get(name)
    return "" if value is None else str(value)


def load_list(work: Ingest, resource: Resource) -> None:
    """Load the items of the list of videos that are new or changed."""
    with work.loading(resource) as loader:
        loader.load(work.videos.items)


def load_snapshots(work: Ingest, resource: Resource) -> Generator[None]:
    """Load the statistics that changed, of each video or of the account; see `_read_each`."""
    videos = work.videos
    names = videos.ids if resource.is_of_media else (resource.name,)

    def fetch(media_id: str) -> object:
        return work.client.get(resource.path.format(media_id=media_id), salvages=True)

    with work.loading(resource) as loader:

        def take(media_id: str, answer: object) -> None:
            if not isinstance(answer, NotFoundError):
                loader.load_snapshot(media_id, answer)
            elif resource.is_of_media:
                loader.miss(media_id, is_listed=media_id in videos.listed)
                log.info("Wistia has no statistics of %s; check WISTIA_MEDIA_IDS", media_id)
            else:
                raise answer

        yield from _read_each(work, loader, names, fetch, take, _SNAPSHOTS_AHEAD)


def load_days(work: Ingest, resource: Resource) -> Generator[None]:
    """Load the days of every video that are new or restated, one request a video as a rule.

    They are as Wistia reports them: loads, plays, hours, in the account's zone. A day's hours are
    no measurement but its plays times the video's engagement over its whole life, restated
    whenever that moves. So the last month is asked for again each time.

    What was loaded is remembered as far back as the next run will ask, and not forever. So a
    backfill of older days loads them again, changed or not: 730 small rows a video and backfill, of
    which silver keeps the newest. A video that is new to the lake, or could not be read by the run
    before, is asked for all its days: the watermark is of those that were.
    """
    started = work.run.clock()
    zone = ZoneInfo(work.settings.wistia_time_zone)
    today = started.astimezone(zone).date()
    with work.loading(resource) as loader:
        state, answered = loader.state, set[str]()
        first, watermark = today - KEPT, state.watermark
        usual = watermark.astimezone(zone).date() - _RESTATED if watermark else first
        since = work.scope.since or (min(first, usual) if work.scope.full else usual)
        # A backfill of the newest days alone leaves a gap that the next run has to read.
        moves = since <= usual
        read_again = datetime.combine(today - _RESTATED if moves else usual, time.min, tzinfo=UTC)
        names = {media_id: identity_of(media_id) for media_id in work.videos.ids}
        # Who wrote a state without them read every video of that time.
        whole = set(names.values() if watermark and state.whole is None else state.whole or ())

        def fetch(media_id: str) -> list[object]:
            path = resource.path.format(media_id=media_id)
            is_news = work.scope.since is None and names[media_id] not in whole
            return [
                row
                for begin, end in spans(min(first, since) if is_news else since, today, _LONGEST)
                for row in work.client.get(
                    path, {"start_date": begin, "end_date": end}, expect=list, salvages=True
                )
            ]

        def take(media_id: str, rows: list[object] | NotFoundError) -> None:
            if isinstance(rows, NotFoundError):
                # Whether the video is known is for its statistics to say.
                loader.entry.note(f"not read: {rows}")
            else:
                answered.add(names[media_id])
                loader.load(_stamped(rows, media_id, started), remember_from=read_again)

        yield from _read_each(work, loader, work.videos.ids, fetch, take, _DAYS_AHEAD)
        if moves:
            # Of a video that was not read the next run that can asks for every day again.
            read = answered & whole if work.scope.since and since > first else answered
            before = set(state.whole or ())
            loader.entry.whole, loader.entry.broken = sorted(read - before), sorted(before - read)
            state.whole = sorted(read)
            loader.reach(started, read_again)


def _stamped(rows: list[object], media_id: str, moment: datetime) -> Iterator[object]:
    """A row says neither whose it is nor when it was told."""
    stamp: dict[str, object] = {"media_id": media_id, "snapshot_ts": format_timestamp(moment)}
    for row in rows:
        record = record_of(row)
        stamped = {**record, **stamp} if isinstance(record, dict) else record
        yield BadRecord(stamped, row.reason) if isinstance(row, BadRecord) else stamped


def spans(first: date, last: date, days: int) -> Iterator[tuple[str, str]]:
    """Cut a stretch of days into pieces of at most so many, the newest first; ISO days."""
    while last >= first:
        start = max(first, last - timedelta(days=days - 1))
        yield start.isoformat(), last.isoformat()
        last = start - timedelta(days=1)


def _read_each(  # noqa: PLR0913, PLR0917 - what to ask, and what to do with it
    work: Ingest,
    loader: Loader,
    media_ids: tuple[str, ...],
    fetch: Callable[[str], A],
    take: Callable[[str, A | NotFoundError], None],
    most_ahead: int,
) -> Generator[None]:
    """Fetch something of every video, side by side, and take the answers in their order.

    One that fails after every retry is noted, so that the run ends with 3, and costs no other. One
    that is refused stays so: that is quarantined, and told once. Where none answers, or what does
    is not the API, that is raised. Yields while only videos are left that hang; what was loaded is
    durable then.
    """
    # Who has answered, and how many had when each was asked.
    good, before = list[str](), dict[str, int]()
    failed, refused = list[IngestionError](), dict[str, IngestionError]()

    def ask(media_id: str) -> A:
        before[media_id] = len(good)
        answer = fetch(media_id)
        good.append(media_id)
        return answer

    for come in read_in_order(ask, deque(media_ids), work.client.in_flight, most_ahead):
        if come is None:
            loader.flush()
            yield
            continue
        media_id, answer = come
        if isinstance(answer, _OF_ONE) and not isinstance(answer, _OF_ALL):
            # While others answer it is the video, and else the API.
            failed = [] if len(good) > before[media_id] else [*failed, answer]
            if len(failed) == _DOWN:
                raise failed[0]
            if isinstance(answer, _REFUSED):
                refused[media_id] = answer
            else:
                loader.entry.cut_short(str(answer))
        elif isinstance(answer, BadResponseError) and not answer.is_page:
            loader.quarantine_answer(answer, media_id=media_id)
            log.warning("what the API says of %s is quarantined: %s", media_id, answer)
        elif isinstance(answer, IngestionError) and not isinstance(answer, NotFoundError):
            raise answer
        else:
            failed = []
            take(media_id, answer)
        work.progress(loader)
    _tell_refused(loader, refused, failed if not good else [])


def _tell_refused(
    loader: Loader, refused: dict[str, IngestionError], down: list[IngestionError]
) -> None:
    if down:
        raise down[0]
    for media_id, error in refused.items():
        loader.quarantine({"answer": "refused", "media_id": media_id}, str(error))
