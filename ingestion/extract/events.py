"""The events: one play each, asked for by UTC days, newest first inside a window.

A page is asked for until one is empty. An event that arrives meanwhile pushes rows down, so that
some come twice and none is missed; those that arrive late are found by reading the day before the
watermark again. How far each window was read is kept, so that a broken backfill goes on from there.
"""

from __future__ import annotations

from collections import deque
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

from pydantic import AwareDatetime, BaseModel, Field, ValidationError

from ingestion.api.paging import PageSize, Paging
from ingestion.api.parallel import read_in_order
from ingestion.config.errors import IngestionError
from ingestion.config.timestamps import format_timestamp
from ingestion.extract.video_days import KEPT, spans
from ingestion.state.recovery import replace_unlisted

if TYPE_CHECKING:
    from collections.abc import Generator

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


@dataclass(frozen=True, slots=True)
class Window:
    """UTC days, both included, and the page to ask for."""

    first: date
    last: date
    page: int = 1

    @property
    def days(self) -> tuple[str, str]:
        """Both days as ISO texts."""
        return self.first.isoformat(), self.last.isoformat()


class Plan(BaseModel):
    """What one reading of the events is to cover; kept where it is broken off.

    Attributes:
        started_at: When it began: the watermark it ends with.
        since: The first UTC day.
        moves: Whether its end moves the watermark: not when it leaves a gap above it.
        done: Windows read to their end, as ISO days.
        reached: Pages read of the others, by their first day.
    """

    started_at: AwareDatetime
    since: date
    moves: bool = True
    done: list[tuple[str, str]] = Field(default_factory=list)
    reached: dict[str, int] = Field(default_factory=dict)

    def to_json(self) -> dict[str, object]:
        """The same as values that JSON has."""
        return self.model_dump(mode="json")

    def windows(self) -> deque[Window]:
        """The windows that are not done, newest first, each at the last page that was read.

        That one again, since rows of before it may be gone.
        """
        until = self.started_at.astimezone(UTC).date()
        days = _SHORT if (until - self.since).days < _MANY else _LONG
        found = (Window(first, last) for first, last in spans(self.since, until, days))
        return deque(
            replace(window, page=self.reached.get(window.days[0], 1))
            for window in found
            if window.days not in self.done
        )

    def note(self, window: Window, *, is_last: bool) -> None:
        """Remember that a page was loaded."""
        if is_last:
            self.done.append(window.days)
            self.reached.pop(window.days[0], None)
        else:
            self.reached[window.days[0]] = window.page


def load_events(work: Ingest, resource: Resource) -> Generator[None]:
    """Load every event of the days since the watermark, and of the day before it.

    A reading that was broken off is read to its end first, and what came since is read after it.

    Raises:
        IngestionError: A page cannot be read or a part not written; what was loaded stays, and
            the next run goes on with the windows that are not done.
    """
    crawl, broken = _find_broken(work, resource)
    loader, state = work.open(resource, crawl)
    if broken is not None:
        _read(work, resource, loader, broken, state)
    if broken is None or state.watermark is not None:
        _read(work, resource, loader, _plan(work, state, is_news=broken is not None), state)
    loader.close()
    yield from ()


def _midnight(started: datetime) -> datetime:
    """Where the next reading will begin."""
    return datetime.combine((started - _LATE).astimezone(UTC).date(), time.min, tzinfo=UTC)


def _remembered_from(plan: Plan, state: ResourceState) -> datetime | None:
    """Where the next reading will begin by what was seen so far; it only moves on."""
    return state.newest_at and _midnight(min(plan.started_at, state.newest_at))


def _plan(work: Ingest, state: ResourceState, *, is_news: bool) -> Plan:
    started = work.run.clock()
    oldest = started.date() - KEPT
    known = None if state.watermark is None else _midnight(state.watermark).date()
    if work.scope.since is not None:
        since = max(work.scope.since, oldest)
        return Plan(started_at=started, since=since, moves=known is not None and since <= known)
    is_full = known is None or (work.scope.full and not is_news)
    return Plan(started_at=started, since=oldest if is_full else max(known or oldest, oldest))


def _find_broken(work: Ingest, resource: Resource) -> tuple[str | None, Plan | None]:
    """The reading that the last run left unfinished, and its start as in names."""
    for started, point in work.broken(resource):
        with suppress(ValidationError):
            plan = Plan.model_validate(point)
            # A backfill that was asked for is not what a daily run is there for.
            return (started, plan) if plan.moves else (None, None)
    return None, None


def _read(
    work: Ingest, resource: Resource, loader: Loader, plan: Plan, state: ResourceState
) -> None:
    try:
        _read_windows(work, resource, loader, plan, state)
    except IngestionError as error:
        loader.keep(error, plan.to_json())
        raise
    _flush(work, loader, plan)
    # Days that were given up are read again from where this run began. Only a first run, which
    # has nowhere to begin again but two years ago, leaves them to a backfill.
    is_held = loader.entry.is_cut_short and state.watermark is not None
    if plan.moves and not is_held:
        # Clocks differ: never later than what Wistia's own has been seen to say.
        state.watermark = min(plan.started_at, state.newest_at or plan.started_at)
        loader.entry.watermark = format_timestamp(state.watermark)
        state.forget_before(_midnight(state.watermark))


def _read_windows(
    work: Ingest, resource: Resource, loader: Loader, plan: Plan, state: ResourceState
) -> None:
    size, pagings = PageSize(), dict[Window, Paging]()
    windows = plan.windows()
    # In each round one page of every open window; a window that ends makes room for the next.
    round_of = deque(windows.popleft() for _ in range(min(_OPEN, len(windows))))

    def fetch(window: Window) -> list[object]:
        first, last = window.days
        if window not in pagings:
            name = " to ".join(window.days)
            pagings[window] = Paging(name, size, resource.identify, window.page)
        asked = {"start_date": first, "end_date": last}
        return work.client.fetch_page(resource.path, pagings[window], asked)

    pages = read_in_order(fetch, round_of, work.client.in_flight, _OPEN)
    with closing(pages):
        # A window that hangs lets the others be read to their end, and then is waited for.
        for window, rows in filter(None, pages):
            if isinstance(rows, IngestionError):
                raise rows
            paging = pagings[window]
            loader.load(rows, remember_from=_remembered_from(plan, state))
            loader.entry.pages += 1
            reached = replace(window, page=paging.usual_page)
            goes_on = paging.goes_on(rows)
            plan.note(reached, is_last=not goes_on)
            if goes_on:
                round_of.append(window)
            elif windows:
                round_of.append(windows.popleft())
            if paging.gave_up:
                again = f"`wistia-elt backfill --since {window.days[0]}` reads it again"
                loader.cut_short(f"{paging.gave_up}; {again}")
            if loader.is_due:
                _flush(work, loader, plan)
            work.progress(loader.entry)


def _flush(work: Ingest, loader: Loader, plan: Plan) -> None:
    loader.flush(plan.to_json())
    replace_unlisted(work.lake, loader.entry, work.manifests)
