"""The events: one play each, asked for by UTC days, newest first inside a window.

A page is asked for until one is empty. An event that arrives meanwhile pushes rows down, so that
some come twice and none is missed; those that arrive late are found by reading the day before the
watermark again. How far each window was read is kept, so that a broken backfill goes on from there.
"""

from __future__ import annotations

from collections import deque
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from typing import TYPE_CHECKING

from pydantic import AwareDatetime, BaseModel, Field

from ingestion.api.paging import PageSize, Paging
from ingestion.api.parallel import read_in_order
from ingestion.config.errors import IngestionError
from ingestion.extract.media import KEPT, spans

if TYPE_CHECKING:
    from ingestion.extract.context import Ingest
    from ingestion.load.loader import Loader
    from ingestion.load.resource import Resource
    from ingestion.state.checkpoint import ResourceState

# One in 2,441 was more than an hour late, the latest 14 hours.
_LATE = timedelta(days=1)
# Days of one window: few for a daily run, so that its windows are read side by side.
_SHORT, _LONG, _MANY = 1, 14, 7
# Windows read at once; what is loaded is in the same order however fast they are.
_OPEN = 32


class Plan(BaseModel):
    """What one reading of the events is to cover; kept where it is broken off.

    A window is its first and its last UTC day, ISO. The end moves the watermark to where the
    reading began, unless that leaves a gap above it. Of a window that is not `done` the last page
    `reached`, by its first day, is read again: rows of before it may be gone.
    """

    started_at: AwareDatetime
    since: date
    moves: bool = True
    done: list[tuple[str, str]] = Field(default_factory=list)
    split: list[tuple[str, str]] = Field(default_factory=list)
    reached: dict[str, int] = Field(default_factory=dict)

    def windows(self) -> list[tuple[str, str]]:
        """The windows that are not done, newest first."""
        until = self.started_at.astimezone(UTC).date()
        days = _SHORT if (until - self.since).days < _MANY else _LONG
        found = spans(self.since, until, days)
        each = (one for window in found for one in self._parts(window))
        return [one for one in each if one not in self.done]

    def divide(self, window: tuple[str, str]) -> list[tuple[str, str]]:
        """Read a window of several days that is too long for one list by single ones."""
        self.split.append(window)
        del self.reached[window[0]]
        return self._parts(window)

    def _parts(self, window: tuple[str, str]) -> list[tuple[str, str]]:
        if window not in self.split:
            return [window]
        first, last = map(date.fromisoformat, window)
        return list(spans(first, last, _SHORT))

    def note(self, window: tuple[str, str], page: int, *, is_last: bool) -> None:
        """Remember that a page was loaded."""
        self.reached[window[0]] = page
        if is_last:
            self.done.append(window)
            del self.reached[window[0]]


def load_events(work: Ingest, resource: Resource) -> None:
    """Load every event of the days since the watermark, and of the day before it.

    A reading that was broken off is read to its end first, and what came since is read after it.
    What was loaded before an error stays; the next run goes on with the windows that are not done.
    """
    crawl, broken = work.find_broken(resource, Plan) or (None, None)
    if broken and not broken.moves:
        # A backfill that was asked for is not what a daily run is there for.
        crawl = broken = None
    with work.loading(resource, crawl) as loader:
        if broken:
            _read(work, resource, loader, broken)
        if not broken or loader.state.watermark is not None:
            _read(work, resource, loader, _plan(work, loader.state, is_news=broken is not None))


def _plan(work: Ingest, state: ResourceState, *, is_news: bool) -> Plan:
    started = work.run.clock()
    oldest = started.date() - KEPT
    known = state.watermark and _midnight(state.watermark).date()
    if work.scope.since is not None:
        since = max(work.scope.since, oldest)
        return Plan(started_at=started, since=since, moves=known is not None and since <= known)
    is_full = known is None or (work.scope.full and not is_news)
    return Plan(started_at=started, since=oldest if is_full else max(known or oldest, oldest))


def _midnight(started: datetime) -> datetime:
    """Where the next reading will begin."""
    return datetime.combine((started - _LATE).astimezone(UTC).date(), time.min, tzinfo=UTC)


def _read(work: Ingest, resource: Resource, loader: Loader, plan: Plan) -> None:
    state, loader.resume, size = loader.state, lambda: plan, PageSize()

    def open_window(days: tuple[str, str]) -> tuple[tuple[str, str], Paging]:
        page = plan.reached.get(days[0], 1)
        return days, Paging(" to ".join(days), size, resource.identify, page)

    windows = map(open_window, plan.windows())
    # In each round one page of every open window; a window that ends makes room for the next.
    turn = deque(islice(windows, _OPEN))

    def fetch(window: tuple[tuple[str, str], Paging]) -> list[object]:
        (first, last), paging = window
        return work.client.fetch_page(
            resource.path, paging, {"start_date": first, "end_date": last}
        )

    # A window that hangs lets the others be read to their end, and then is waited for.
    pages = filter(None, read_in_order(fetch, turn, work.client.in_flight, _OPEN))
    for (days, paging), rows in pages:
        if isinstance(rows, IngestionError):
            raise rows
        # Where the next reading will begin by what was seen so far; it only moves on.
        remember_from = state.newest_at and _midnight(min(plan.started_at, state.newest_at))
        loader.load(rows, remember_from=remember_from)
        loader.entry.pages += 1
        page, goes_on = paging.usual_page, paging.goes_on(rows)
        is_too_long = paging.is_endless and days[0] != days[1]
        plan.note(days, page, is_last=not goes_on and not is_too_long)
        if is_too_long:
            turn.extend(map(open_window, plan.divide(days)))
        else:
            turn.extend([(days, paging)] if goes_on else islice(windows, 1))
            if paging.gave_up:
                again = f"`wistia-elt backfill --since {days[0]}` reads it again"
                loader.entry.cut_short(f"{paging.gave_up}; {again}")
        work.progress(loader)
    # Days that were given up are read again from where this run began. Only a first run, which
    # has nowhere to begin again but two years ago, leaves them to a backfill.
    is_held = loader.entry.is_cut_short and state.watermark is not None
    if plan.moves and not is_held:
        # Clocks differ: never later than what Wistia's own has been seen to say.
        watermark = min(plan.started_at, state.newest_at or plan.started_at)
        loader.reach(watermark, _midnight(watermark))
