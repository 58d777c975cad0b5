"""One pass over the list: from the top, or a known row, down to the end or to a time."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice, pairwise
from typing import TYPE_CHECKING

from ingestion.extract.visitor_list.ending import Ending
from ingestion.extract.visitor_list.lookout import Lookout
from ingestion.extract.visitor_list.mending import Mender
from ingestion.extract.visitor_list.shifts import Chain
from ingestion.extract.visitor_list.slices import Purpose, Read, Row, Slice, is_newer
from ingestion.extract.visitor_list.windows import Windows

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from ingestion.extract.visitor_list.resume import Pending
    from ingestion.extract.visitor_list.slices import Errand, Handler
    from ingestion.extract.visitor_list.watch import Digests
    from ingestion.extract.visitor_list.windows import Landed


@dataclass(frozen=True, slots=True)
class Scope:
    """What one sweep is to read.

    Attributes:
        per_page: Rows to ask for; a lower cap of the server's is learnt from the first page.
        heartbeat_every: Windows between two looks at the ends of the list.
        bound: Stop at the first window whose last row is strictly older; None for the end.
        is_main: Whether to read on to the end where the order does not hold.
        boundary: Go on below this slice, the boundary of a sweep that was broken off.
        pending: What landed below it; gone on below, if a look shows the list as it was then.
        before: Digests of the first page when the sweep before began: if they are the same now,
            nothing has moved since and there is nothing to do.
    """

    per_page: int
    heartbeat_every: int
    bound: datetime | None
    is_main: bool = True
    boundary: Slice | None = None
    pending: Pending | None = None
    before: Digests | None = None


class Sweep:
    """Sends windows down the list and proves their seams.

    Attributes:
        bound: As in the scope; None once the order did not hold.
        boundary: The last slice down to which all is landed and proved; None before there is one.
        newest: The newest time on the first page.
        front: Digests of the first page.
        is_instant: Whether one read showed all there was to read.
        done: Whether all is landed and proved.
    """

    def __init__(self, scope: Scope, ticks: Iterator[int]) -> None:
        """Read `scope`; `ticks` numbers the events of the whole crawl."""
        self.bound, self.boundary = scope.bound, scope.boundary
        self.newest: datetime | None = None
        self.is_instant = self.done = False
        self.front: Digests = ()
        self._scope, self._ticks = scope, ticks
        front = 1, scope.per_page
        self._errands: list[Errand] = [(front, Purpose.FRONT, self._opened)]
        self._has_stood = False
        if scope.pending:  # the first page is asked for after the anchor came
            self._errands = [(scope.pending.anchor.where, Purpose.LOOK, self._looked_back)]
        self._lookout = Lookout(self._errands, front, self._is_past, scope.heartbeat_every)
        self._lookout.is_shy = scope.bound is not None
        self.chain = Chain(self._lookout.watch)
        self._windows = Windows(self.chain)
        self._mender = Mender(self._errands, front, self.chain, self._windows)
        self._ending = Ending(self._errands, self.chain, self._windows, self._lookout)
        self._awaited: dict[int, Handler] = {}
        self._most = 8

    @property
    def landed(self) -> list[Landed]:
        """What to write, to be cleared by whoever takes it."""
        return self._windows.landed

    @property
    def repaired(self) -> int:
        """Rows that only reads across torn seams showed."""
        return self._mender.repaired

    @property
    def shifts(self) -> int:
        """How often the list was seen to have moved."""
        return self._lookout.watch.changes

    @property
    def pending(self) -> Pending | None:
        """What has landed below the boundary and waits for a look."""
        return self._lookout.pend(self.chain.pending)

    @property
    def pages_expected(self) -> int | None:
        """Pages down to the end or the bound, an estimate; None before there is one."""
        return self._lookout.extent.middle

    def ready(self, limit: int) -> list[Read]:
        """The reads to send now, at most `limit`."""
        reads = list(islice(self._wanted(), limit))
        self._most = max(self._most, len(self._awaited))
        return reads

    def receive(self, read: Read, rows: Sequence[Row], tick: int) -> None:
        """Take in one answer."""
        handler = self._awaited.pop(read.number, None)
        if handler is None or self.done:
            return
        times = [row.active_at for row in rows if row.active_at]
        self.chain.violations += any(is_newer(low, high) for high, low in pairwise(times))
        handler(read, rows, tick)
        self._ending.weigh()
        self.chain.is_whole = self._ending.final is not None
        self.chain.settle()
        if self.bound and self.chain.violations and self._scope.is_main:
            self._lift_bound()
        self._windows.land()
        if self.chain.slices:
            self.boundary = self.chain.slices[0]
            self.done = self.chain.slices == [self._ending.final] and self._windows.is_idle
            self.is_instant = self.done and not self.boundary.offset

    def _wanted(self) -> Iterator[Read]:
        is_open = bool(self.chain.slices) and not self.done
        goes_on = is_open and not self._ending.is_doubted
        if is_open:
            self._mender.mend(self._lookout.extent.size)
        if goes_on:
            waiting, touching = self.chain.is_waiting, self.chain.is_touching
            self._lookout.look(self._windows.edge, waiting=waiting, touching=touching)
        if goes_on and not self._ending.final:
            self._lookout.search()
        while self._errands:
            yield self._ask(*self._errands.pop(0))
        if goes_on and not self._ending.final:
            yield from self._advance()

    def _ask(self, where: tuple[int, int], purpose: Purpose, handler: Handler) -> Read:
        read = Read(next(self._ticks), *where, purpose)
        self._awaited[read.number] = handler
        return read

    def _looked_back(self, _read: Read, rows: Sequence[Row], _tick: int) -> None:
        pending = self._scope.pending
        digests = tuple(row.digest for row in rows)
        self._has_stood = pending is not None and pending.anchor.is_same(digests)
        self._errands.append((self._lookout.front, Purpose.FRONT, self._opened))

    def _opened(self, read: Read, rows: Sequence[Row], tick: int) -> None:
        times = [row.active_at for row in rows if row.active_at]
        self.newest = max(times, default=None)
        self.front = tuple(row.digest for row in rows)
        if not rows or self.front == self._scope.before:
            self.is_instant = self.done = True
            return
        pending = self._scope.pending
        if pending and self._has_stood and pending.front.is_same(self.front):
            self.boundary = pending.boundary.slice
        if self.boundary:
            self.chain.slices.append(self.boundary)
        else:
            self._windows.ask(read)
        self._windows.edge = self.boundary.end if self.boundary else len(rows)
        self._lookout.restart(self.front, self._windows.edge)
        if not self.boundary:
            self._swept(read, rows, tick)

    def _advance(self) -> Iterator[Read]:
        extent = self._lookout.extent
        while where := self._windows.next(extent.size, extent.rows, overlap=not self._may_touch()):
            read = self._ask(where, Purpose.SWEEP, self._swept)
            self._windows.ask(read)
            yield read

    def _may_touch(self) -> bool:
        """Whether looks will prove the seams, so that windows need not overlap."""
        watch = self._lookout.watch
        if watch.anchor is None or watch.restless:
            return False
        # At the end of the list windows overlap again, so that no look has to be waited for.
        tail = 5 * self._most // 4 * self._lookout.extent.size
        return self._windows.edge + tail < watch.anchor.offset

    def _swept(self, read: Read, rows: Sequence[Row], tick: int) -> None:
        one = self._windows.fill(read, rows, tick)
        if one is None:
            return
        extent = self._lookout.extent
        if not rows:
            self._ending.saw_empty(one)
            self.done = not one.offset
        elif self._is_past(rows[-1]):
            self._ending.finish(one)
        elif not one.is_short:
            extent.rows = max(extent.rows, one.end)

    def _is_past(self, row: Row) -> bool:
        return self.bound is not None and is_newer(self.bound, row.active_at)

    def _lift_bound(self) -> None:
        """Read on to the end: times out of order say nothing of what lies below."""
        self.bound = None
        self._ending.reopen()
        self._lookout.widen(self._windows.edge)
