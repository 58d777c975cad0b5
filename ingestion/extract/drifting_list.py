"""Read a list that moves while it is paged by offset, and miss nobody who stays.

The list is ordered by last activity, newest first. Rows come in at the front, move there from deep
places, and disappear; many requests are in flight, and each shows the list at one unknown instant.
This module decides what to ask and what the answers prove; `Readers` send the requests.

**Proof.** A *stayer* is a row that does not move while a sweep lasts. Two windows that share an
unmoved row x leave no stayer between them: one that lay below x when the upper window was cut lies
below x when the lower one was, since stayers never change their order. So each window repeats rows
of the one above; where the list moved by more than that, another is read across. A sweep ends with
a short window that joins the one above and has nothing below it. Whoever moved is at the front
since: the front is swept again, down to a row that stood there when the sweep before began, until
a sweep is one window, an instant. `docs/decisions/0020` has the argument and the costs.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from itertools import count, pairwise
from typing import TYPE_CHECKING

from pydantic import AwareDatetime, BaseModel, ConfigDict

from ingestion.api.clock_skew import MOST_SKEW
from ingestion.api.paging import PER_PAGE
from ingestion.extract.window import (
    ListEnd,
    Mark,
    Request,
    Row,
    Window,
    is_past,
    overlapping,
    straddling,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from ingestion.api.parallel import Readers

AHEAD = 128  # windows asked for below the last one proved: bounds what is held in memory
GUESSED = 12  # pages asked for side by side before more are known to be there
BOUNDED = 5  # windows of a sweep down to a time, one as a rule, before its end is searched
BRIDGES = 3  # windows read one by one across a gap, before what was asked for below is given up
TRIES = 16  # of finding where the list goes on: then from the top
STALE_ROWS = 20_000  # read again: a few on purpose, all of them where a server ignores the page
MOST_ROWS = 10_000_000


class EndlessListError(Exception):
    """A list that cannot be read to its end; says why."""


class Resume(BaseModel):
    """How far a crawl is: a later process goes on from it, about 10 kB, or ignores what is none.

    Attributes:
        started_at: When the crawl began, UTC.
        watermark: Where the next one begins; None when its first page held no time.
        bound: Read down to a row older than this; None for the end of the list.
        is_ordered: Whether times still say what lies above and what below.
        trusts_order: Whether something that is proved rests on that.
        front: The first page when the crawl began; None before that.
        boundary: The last window proved; None when all are, and only the front is left.
    """

    model_config = ConfigDict(extra="forbid")

    started_at: AwareDatetime
    watermark: AwareDatetime | None = None
    bound: AwareDatetime | None = None
    is_ordered: bool = True
    trusts_order: bool = False
    front: Mark | None = None
    boundary: Mark | None = None


@dataclass
class Reading:
    """A crawl's requests, and what it learns from all of them.

    Attributes:
        size: Rows a page; falls where the server grants fewer, or more are too slow.
        is_granted: Whether the first page held as many as were asked for.
        shifts: Windows that did not repeat a row of the one above.
        violations: Windows out of order.
    """

    reader: Readers[Request, Window]
    point: Resume
    size: int
    clock: Callable[[], datetime]
    is_granted: bool = True
    shifts: int = 0
    violations: int = 0
    _asked: int = 0
    _deepest: int = 0

    def send(self, page: int, per_page: int) -> Request:
        """Begin to read a page."""
        request = Request(page, per_page)
        self.reader.send(request)
        return request

    def wait(self, request: Request, meanwhile: Callable[[], None] = lambda: None) -> Window:
        """Wait for the answer; whenever another comes, do something `meanwhile`."""
        while (window := request.window) is None:
            answered, come = self.reader.receive()
            answered.window = come
            self._bound(come)
            meanwhile()
        if window.asked < request.per_page:  # larger ones are too slow to come
            self.size = min(self.size, window.asked)
        return window

    def _bound(self, come: Window) -> None:
        """Give up where most reads bring nothing new, or rows lie where no list reaches."""
        self._asked += come.asked
        self._deepest = max(self._deepest, come.end if come.rows else 0)
        stale = self._asked - self._deepest
        if stale > STALE_ROWS + 8 * self._deepest:
            raise EndlessListError(f"{stale:,} rows brought nothing new")
        if self._deepest > MOST_ROWS:
            raise EndlessListError(f"there is no end after {self._deepest:,} rows")

    def read_front(self) -> Window:
        """The first page; it tells how many rows the server grants."""
        window = self.wait(self.send(1, self.size))
        # Nobody grants a single row: a list of one is short.
        self.is_granted = not window.is_short or len(window.rows) == 1
        self.size = max(2, min(self.size, len(window.rows) or self.size))
        self.note_order(window)
        return replace(window, asked=len(window.rows))

    def note_order(self, window: Window) -> None:
        """Trust no times any more once a window is out of order."""
        if any(above < below for above, below in pairwise(window.times)):
            self.violations += 1
            self.point.is_ordered = False

    def joins(self, lower: Window, upper: Window) -> bool:
        """Whether no stayer lies between: a row says so, or else the times.

        One that is yet to come says nothing: such a row need not stand where its time belongs.
        """
        if lower.shares(upper):
            return True
        both = self.point.is_ordered and lower.times and upper.times
        is_above = bool(both and upper.times[-1] < lower.times[0] <= self.clock() + MOST_SKEW)
        self.point.trusts_order |= is_above
        return is_above


class Sweep:
    """Windows below an `upper` one, each joined to the one before.

    They go down to the end of the list, to one whose last row is older than `bound`, or to one
    that shows a row of the `goal`. When `is_void`, what was read proves nothing.
    """

    def __init__(
        self, reading: Reading, upper: Window, bound: datetime | None, goal: frozenset[str]
    ) -> None:
        guess = GUESSED if bound is None and reading.is_granted else 0
        self.end = ListEnd(reading.send, reading.size, bound, upper.end, guess)
        self.is_void = False
        self._reading, self._upper, self._bound, self._goal = reading, upper, bound, goal
        self._is_placed = False
        self._asked = self._tries = 0  # tries of finding what follows the last window proved
        self._ahead: deque[Request] = deque()
        self._edge = upper.end

    def windows(self) -> Iterator[Window]:
        """Read down to the end, one proved window after the other."""
        while not self._is_done:
            self._fill()
            request = self._ahead.popleft()
            window = self._reading.wait(request, self._fill)
            if window.asked < request.per_page:
                self._go_on(self._upper.end)
            elif self._reading.joins(window, self._upper):
                yield self._take(window)
            else:
                yield from self._bridge(request, window)

    @property
    def _is_done(self) -> bool:
        upper, empty = self._upper, self.end.empty_from
        if self.is_void or not upper.rows or is_past(upper.rows[-1], self._bound):
            return True
        if not self._goal.isdisjoint(upper.digests):
            return True
        # A short window alone ends nothing: a server may grant no more rows than came.
        is_last = upper.is_short and self._is_placed
        return is_last and empty is not None and empty <= upper.offset + upper.asked

    def _go_on(self, edge: int) -> None:
        """Give up what is asked for, and ask from offset `edge` on."""
        self._ahead.clear()
        self._edge = max(1, edge)

    def _fill(self) -> None:
        if self._bound is None or self._asked >= BOUNDED:
            self.end.search()
        reader = self._reading.reader
        while not self._ahead or (
            len(self._ahead) < AHEAD and reader.room > 0 and self._edge <= self.end.rows
        ):
            page, per_page = overlapping(self._edge, self._reading.size)
            if page * per_page == self._edge:  # nothing reaches across
                page += 1
            self._ahead.append(self._reading.send(page, per_page))
            self._edge, self._asked = page * per_page, self._asked + 1

    def _bridge(self, request: Request, window: Window) -> Iterator[Window]:
        """Ask for what lies between the last window proved and one that does not join it."""
        reading, seam = self._reading, self._upper.end
        size = reading.size
        if not window.rows:  # it lies beyond the end, and so does all that was asked for below
            self.end.note_empty(window.offset)
            seam = min(seam, window.offset)
            self._go_on(seam)
        elif not self._tries:
            reading.shifts += 1
            request.bridges += 1
            self._ahead.appendleft(request)
        if request.bridges > BRIDGES:
            reading.read_front()
            # Where fewer rows are granted by now, windows are not where they were thought to be.
            self.is_void |= reading.size < size
            self._go_on(seam)
            return
        while self._tries < TRIES and not self._is_done:
            # By their times all windows that lie above join; else it may have gone either way.
            zigzag = (self._tries + 1) // 2 * (-1) ** self._tries
            is_above = reading.point.is_ordered or not window.rows
            aim = seam - max(1, size // 2) * (2**self._tries - 1 if is_above else zigzag)
            self._tries += 1
            if aim < 1:
                break
            if where := straddling(aim, size):
                self._ahead.appendleft(reading.send(*where))
                return
            if crossed := self._cross(aim):
                yield from crossed
                return
        if not self._is_done:
            self._go_on(1)  # from the top, which always follows

    def _take(self, window: Window) -> Window:
        was_ordered = self._reading.point.is_ordered
        self._reading.note_order(window)
        if was_ordered and not self._reading.point.is_ordered:
            self.is_void |= bool(self._bound or self._reading.point.trusts_order)
        rows = self._upper.rows
        self._is_placed = bool(rows and rows[-1].digest in window.digests)
        self._upper, self._tries = window, 0
        return window

    def _cross(self, seam: int) -> list[Window]:
        """Read on below a seam that no window straddles; nothing when the list moved too much.

        A list that moves carries a row across. One that stands still proves the seam by that: the
        first page and the one above it are the same before and after the one below.
        """
        size = self._reading.size
        course = [(1, size), (seam // size, size), (seam // size + 1, size)]
        for _ in range(TRIES):
            taken = [self._reading.wait(self._reading.send(*one)) for one in course + course[1::-1]]
            first, above, below, again, last = taken
            stood_still = first.is_same(last) and above.is_same(again)
            joined = [one for one in (above, again) if self._reading.joins(one, self._upper)]
            if not joined or self._reading.size < size:
                break
            for upper in joined:
                if stood_still or below.shares(upper):
                    return [self._take(upper), self._take(below)]
        return []


class Crawl:
    """The whole list, or down to a `bound`, and then its front until nothing has moved there.

    When `fresh_rows` ends, every row that was in the list when it began and still is has been given
    out in some state; a newer state too, or it has a time at or after the watermark. With the
    `resume` of one that was broken off it goes on from there, and has its bound.

    Attributes:
        point: How far it is; its bound goes once the list is found out of order.
        reading: What it learnt: of moves, and of windows out of order.
        pages: Windows given out.
        pages_expected: How many there will be, an estimate; None before there is one.
    """

    def __init__(
        self,
        reader: Readers[Request, Window],
        clock: Callable[[], datetime],
        bound: datetime | None = None,
        size: int = PER_PAGE,
        resume: Resume | None = None,
    ) -> None:
        self._clock, self.point = clock, resume or Resume(started_at=clock(), bound=bound)
        self.reading = Reading(reader, self.point, size, clock)
        self.pages = 0
        self.pages_expected: int | None = None
        boundary = self.point.boundary
        self._is_main = boundary is not None or not resume
        self._given = boundary.window.digests if boundary else frozenset[str]()

    @property
    def resume(self) -> Resume | None:
        """Where to go on when all that was given out is durable; None at the start."""
        is_begun = self.point.front and (self.point.boundary or not self._is_main)
        return self.point if is_begun else None

    def fresh_rows(self) -> Iterator[list[Row]]:
        """Give out the rows of each proved window that the one above did not show.

        Raises `EndlessListError` where the list cannot be read to its end.
        """
        reading, point, is_read = self.reading, self.point, False
        before, since = point.front.window if point.front else None, point.watermark
        for sweeps in count():
            now, front = self._clock(), reading.read_front()
            newest = min(now, max(front.times)) if front.times else None
            self._judge(is_first=not sweeps, is_read=is_read)
            if not self._is_main and before and before.is_same(front):
                return
            is_instant = not point.boundary
            if is_instant:
                if self._is_main:
                    point.watermark = point.watermark if point.front else newest
                    point.front = point.boundary = Mark.of(front)
                yield self._give(front)
            sweep = self._begin(front, before, since)
            for window in sweep.windows():
                is_instant = False
                if self._is_main:
                    point.boundary, self.pages_expected = Mark.of(window), sweep.end.pages
                yield self._give(window)
            is_read = not sweep.is_void
            if is_read and is_instant:
                return
            if not is_read:
                point.boundary = None
            elif self._is_main and point.front:
                before, since = point.front.window, point.watermark
            else:
                before, since = front, newest

    def _judge(self, *, is_first: bool, is_read: bool) -> None:
        """Take from the front just read whether the list counts as read."""
        point = self.point
        # What rested on an order that does not hold: the whole list again, by its rows alone.
        is_void = not point.is_ordered and bool(point.bound or point.trusts_order)
        if is_void:
            point.bound, point.trusts_order = None, False
        # Windows of a size that is not granted any more were not where they were asked for.
        is_void |= not is_first and not self.reading.is_granted
        if is_void or is_read:
            point.boundary, self._is_main = None, is_void

    def _give(self, window: Window) -> list[Row]:
        rows = [row for row in window.rows if row.digest not in self._given]
        self._given, self.pages = window.digests, self.pages + 1
        return rows

    def _begin(self, front: Window, before: Window | None, since: datetime | None) -> Sweep:
        point = self.point
        if self._is_main:
            upper = point.boundary.window if point.boundary else front
            return Sweep(self.reading, upper, point.bound, frozenset())
        # Whoever moved since lies above what stood there; a time yet to come stays on top.
        rows = before.rows if before else ()
        goal = {row.digest for row in rows if not since or (row.at and row.at <= since)}
        return Sweep(self.reading, front, since if point.is_ordered else None, frozenset(goal))
