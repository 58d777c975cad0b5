"""The events: one play each, asked for by UTC days, newest first inside a window.

A page is asked for until one is empty. An event that arrives meanwhile pushes rows down, so that
some come twice and none is missed; those that arrive late are found by reading the day before the
watermark again. How far each window was read is kept, so that a broken backfill goes on from there.
"""

from __future__ import annotations

from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Self

from ingestion.api.paging import PageSize, Paging
from ingestion.api.parallel import Readers
from ingestion.api.rate_limit import InFlight
from ingestion.config.errors import IngestionError
from ingestion.config.timestamps import format_timestamp
from ingestion.extract.video_days import KEPT, spans
from ingestion.state.unlisted import replace_orphans

if TYPE_CHECKING:
    from ingestion.extract.context import Ingest
    from ingestion.load.loader import Landing
    from ingestion.resources import Resource
    from ingestion.state.checkpoint import ResourceState

# One in 2,441 was more than an hour late, the latest 14 hours.
_LATE = timedelta(days=1)
# Days of one window: few for a daily run, so that its windows are read side by side.
_SHORT, _LONG, _MANY = 1, 14, 7


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


@dataclass(slots=True)
class Plan:
    """What one reading of the events is to cover.

    Attributes:
        started_at: When it began: the watermark it ends with.
        since: The first UTC day.
        moves: Whether its end moves the watermark: not when it leaves a gap above it.
        done: Windows read to their end, as ISO days.
        reached: Pages read of the others, by their first day.
        name: The start of a broken reading as in names; None for a new one.
    """

    started_at: datetime
    since: date
    moves: bool = True
    done: list[tuple[str, str]] = field(default_factory=list)
    reached: dict[str, int] = field(default_factory=dict)
    name: str | None = None

    def to_json(self) -> dict[str, object]:
        """The same as values that JSON has."""
        return {
            "started_at": self.started_at.isoformat(),
            "since": self.since.isoformat(),
            "moves": self.moves,
            "done": [list(days) for days in self.done],
            "reached": self.reached,
        }

    @classmethod
    def from_json(cls, values: dict[str, object], name: str) -> Self:
        """Read what `to_json` gave.

        Raises:
            KeyError, TypeError, ValueError: It is something else.
        """
        done, reached = values["done"], values["reached"]
        if not isinstance(done, list) or not isinstance(reached, dict):
            raise TypeError("done, reached")
        return cls(
            datetime.fromisoformat(str(values["started_at"])),
            date.fromisoformat(str(values["since"])),
            moves=bool(values["moves"]),
            done=[(str(first), str(last)) for first, last in done],
            reached={str(first): int(page) for first, page in reached.items()},
            name=name,
        )

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
        """Remember that a page has landed."""
        if is_last:
            self.done.append(window.days)
            self.reached.pop(window.days[0], None)
        else:
            self.reached[window.days[0]] = window.page


def land_events(work: Ingest, resource: Resource) -> None:
    """Land every event of the days since the watermark, and of the day before it.

    Raises:
        IngestionError: A page cannot be read or a part not written; what landed stays, and
            the next run goes on with the windows that are not done.
    """
    broken = _find_broken(work, resource)
    landing, state = work.open(resource, broken.name if broken else None)
    plan = broken or _plan(work, state)
    try:
        _read(work, resource, landing, plan, state)
    except IngestionError as error:
        landing.keep(error, plan.to_json())
        raise
    _flush(work, landing, plan)
    # Days that were given up are read again from where this run began. Only a first run, which
    # has nowhere to begin anew but two years ago, leaves them to a backfill.
    is_held = landing.entry.is_cut_short and state.watermark is not None
    if plan.moves and not is_held:
        # Clocks differ: never later than what Wistia's own has been seen to say.
        state.watermark = min(plan.started_at, state.newest_at or plan.started_at)
        landing.entry.watermark = format_timestamp(state.watermark)
        state.forget_before(_midnight(state.watermark))
    work.close(landing.entry, state)


def _midnight(started: datetime) -> datetime:
    """Where the next reading will begin."""
    return datetime.combine((started - _LATE).astimezone(UTC).date(), time.min, tzinfo=UTC)


def _remembered_from(plan: Plan, state: ResourceState) -> datetime | None:
    """Where the next reading will begin by what was seen so far; it only moves on."""
    return state.newest_at and _midnight(min(plan.started_at, state.newest_at))


def _plan(work: Ingest, state: ResourceState) -> Plan:
    started = work.run.clock()
    oldest = started.date() - KEPT
    known = None if state.watermark is None else _midnight(state.watermark).date()
    if work.scope.since is not None:
        since = max(work.scope.since, oldest)
        return Plan(started, since, moves=known is not None and since <= known)
    if work.scope.full or known is None:
        return Plan(started, oldest)
    return Plan(started, max(known, oldest))


def _find_broken(work: Ingest, resource: Resource) -> Plan | None:
    """The reading that the last run left unfinished, unless this one is told what to read."""
    for started, point in work.broken(resource):
        with suppress(KeyError, TypeError, ValueError):
            plan = Plan.from_json(point, started)
            # A backfill that was asked for is not what a daily run is there for.
            return plan if plan.moves else None
    return None


def _read(
    work: Ingest, resource: Resource, landing: Landing, plan: Plan, state: ResourceState
) -> None:
    in_flight = InFlight(work.settings.wistia_requests_per_minute)
    work.client.observe = in_flight.observe
    size, pagings = PageSize(), dict[Window, Paging]()

    def fetch(window: Window) -> list[object]:
        first, last = window.days
        asked = {"start_date": first, "end_date": last}
        return work.client.fetch_page(resource.path, pagings[window], asked)

    waiting = plan.windows()
    with Readers(fetch) as readers:
        while waiting or readers.in_flight:
            while waiting and readers.in_flight < in_flight.target:
                window = waiting.popleft()
                if window not in pagings:
                    name = " to ".join(window.days)
                    pagings[window] = Paging(name, size, resource.identify, window.page)
                readers.send(window)
            window, rows = readers.receive()
            paging = pagings[window]
            landing.keep_after = _remembered_from(plan, state)
            landing.land(rows)
            landing.entry.pages += 1
            reached = replace(window, page=paging.usual_page)
            goes_on = paging.goes_on(rows)
            plan.note(reached, is_last=not goes_on)
            if goes_on:
                waiting.appendleft(window)
            elif paging.gave_up:
                again = f"`wistia-elt backfill --since {window.days[0]}` reads it again"
                landing.cut_short(f"{paging.gave_up}; {again}")
            if landing.is_due:
                _flush(work, landing, plan)
            work.progress(landing.entry)


def _flush(work: Ingest, landing: Landing, plan: Plan) -> None:
    landing.flush(plan.to_json())
    if plan.name is not None:
        replace_orphans(work.lake, landing.entry, work.manifests)
