"""One pass over the list: from the top, or a known row, down to the end or to a time."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from itertools import islice, pairwise
from typing import TYPE_CHECKING

from ingestion.lookout import FEWEST_ROWS, Lookout
from ingestion.shifts import Chain
from ingestion.slices import Purpose, Read, Row, Slice, is_newer, reach, straddle

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from ingestion.slices import Errand, Handler
    from ingestion.watch import Digests

# Windows asked for ahead of the first missing answer: bounds the records held for their turn.
_AHEAD = 128


@dataclass(frozen=True, slots=True)
class Landed:
    """Rows to write now, less those that the window above them holds too."""

    read: Read
    rows: list[Row]


class Sweep:
    """Sends windows down the list and proves their seams.

    Args:
        per_page: Rows to ask for; a lower cap of the server's is learnt from the first page.
        bound: Stop at the first window whose last row is strictly older; None for the end.
        ticks: Numbers the events of the whole crawl.
        heartbeat_every: Windows between two looks at the ends of the list.
        boundary: Go on below this slice, the boundary of a sweep that was broken off.
        before: Digests of the first page when the sweep before began: if they are the same now,
            nothing has moved since and there is nothing to do.
    """

    def __init__(
        self,
        *,
        per_page: int,
        bound: datetime | None,
        ticks: Iterator[int],
        heartbeat_every: int,
        boundary: Slice | None = None,
        before: Digests | None = None,
    ) -> None:
        self.bound, self.boundary = bound, boundary
        self.newest: datetime | None = None
        self.is_instant = self.done = False
        self.landed: list[Landed] = []
        self.repaired = 0
        self.front: Digests = ()
        self._front, self._before = (1, per_page), before
        self._errands: list[Errand] = [(self._front, Purpose.FRONT, self._opened)]
        self._lookout = Lookout(self._errands, self._front, self._is_past, heartbeat_every)
        self.chain = Chain(self._lookout.watch)
        self._ticks = ticks
        self._awaited: dict[int, Handler] = {}
        self._pending: dict[Slice, Landed | None] = {}
        self._above: frozenset[bytes | None] = frozenset()
        self._final: Slice | None = None
        self._edge = 0
        self._most = 8
        self._doubting = self._confirming = self._ended = False

    @property
    def shifts(self) -> int:
        """How often the list was seen to have moved."""
        return self._lookout.watch.changes

    @property
    def pages_expected(self) -> int | None:
        """Pages down to the end or the bound; None until that is known."""
        beyond = self._lookout.extent.first_beyond
        return beyond - 1 if beyond else None

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
        self._weigh_short()
        self.chain.is_whole = self._final is not None
        self.chain.settle()
        if self.bound and self.chain.violations:
            self._lift_bound()
        self._land()
        if self.chain.slices:
            self.boundary = self.chain.slices[0]
            self.done = self.chain.slices == [self._final] and not self._pending

    def _wanted(self) -> Iterator[Read]:
        yield from self._run_errands()
        if not self.chain.slices or self.done:
            return
        for lower in self.chain.torn:
            lower.linking = True
            where = straddle(self.chain.aim(lower), self._lookout.extent.size)
            yield self._ask(where, Purpose.LINK, partial(self._linked, lower))
        if self._doubting:
            return
        chain = self.chain
        self._lookout.look(self._edge, waiting=chain.is_waiting, touching=chain.is_touching)
        if self._final is None:
            self._lookout.search()
        yield from self._run_errands()
        if self._final is None:
            yield from self._advance()

    def _run_errands(self) -> Iterator[Read]:
        while self._errands:
            yield self._ask(*self._errands.pop(0))

    def _ask(self, where: tuple[int, int], purpose: Purpose, handler: Handler) -> Read:
        read = Read(next(self._ticks), *where, purpose)
        self._awaited[read.number] = handler
        return read

    def _opened(self, read: Read, rows: Sequence[Row], tick: int) -> None:
        times = [row.active_at for row in rows if row.active_at]
        self.newest = max(times, default=None)
        self.front = tuple(row.digest for row in rows)
        if not rows or self.front == self._before:
            self.is_instant = self.done = True
            return
        top = self.boundary or Slice.of(read)
        self.chain.slices.append(top)
        self._edge = top.offset + len(top.digests or rows)
        self._restart(self.front)
        if top is not self.boundary:
            self._pending[top] = None
            self._swept(read, rows, tick)

    def _advance(self) -> Iterator[Read]:
        extent = self._lookout.extent
        while len(self._pending) < _AHEAD:
            overlap = 0 if self._may_touch() else max(1, extent.size // 33)
            where = reach(self._edge, extent.size, overlap)
            beyond = (where[0] - 1) * where[1] >= extent.rows and bool(self._pending)
            if beyond or where[0] * where[1] <= self._edge:
                return
            read = self._ask(where, Purpose.SWEEP, self._swept)
            one = Slice.of(read)
            self.chain.slices.append(one)
            self._pending[one] = None
            self._edge = one.end
            yield read

    def _may_touch(self) -> bool:
        """Whether looks will prove the seams, so that windows need not overlap."""
        watch = self._lookout.watch
        # At the end of the list windows overlap again, so that no look has to be waited for.
        tail = 5 * self._most // 4 * self._lookout.extent.size
        return bool(watch.anchor and not watch.restless and self._edge + tail < watch.anchor.offset)

    def _swept(self, read: Read, rows: Sequence[Row], tick: int) -> None:
        one = next((one for one in self._pending if one.sent == read.number), None)
        if one is None:  # the list has turned out to end above it
            return
        self._pending[one] = Landed(read, list(rows))
        one.fill(rows, tick)
        extent = self._lookout.extent
        if not rows:
            self._cut(self.chain.slices.index(one) if one.offset else 0)
            self._edge = one.offset
            extent.saw_empty(one.offset)
            self.done = not one.offset
        elif self._is_past(rows[-1]):
            self._finish(one)
        elif not one.is_short:
            extent.rows = max(extent.rows, one.end)
        else:
            self._doubting = True

    def _weigh_short(self) -> None:
        """Find out what the first short window means: the end, a smaller page size, or nothing.

        One that repeats a row of the window above it just where it should begins at the offset
        asked for: the server granted the size, so it is short because the list ends in it. Even
        then a page below must have been seen empty.
        """
        pairs = zip([None, *self.chain.slices], self.chain.slices, strict=False)
        upper, short = next(((up, one) for up, one in pairs if one.is_short), (None, None))
        self._doubting = short is not None and short is not self._final
        if short is None or not self._doubting or self._confirming:
            return
        if upper and upper.received is None:
            return
        in_place = upper is not None and short.offset > 0 and short.shift_from(upper) == 0
        extent = self._lookout.extent
        if not in_place and short.per_page > FEWEST_ROWS:
            self._go_on_below(short)
        elif extent.empty_from is not None and max(extent.empty_from, extent.rows) <= short.end:
            self._finish(short)
        else:
            where = short.end // short.per_page + 1, short.per_page
            self._errand(where, Purpose.CONFIRM, partial(self._confirmed, short))

    def _go_on_below(self, short: Slice) -> None:
        short.is_short = self._doubting = False
        self._cut(self.chain.slices.index(short) + 1)
        self._edge = short.offset + len(short.digests)
        if short.offset:
            self._lookout.extent.rows = max(self._lookout.extent.rows, self._edge)
            self._errand(self._front, Purpose.FRONT, partial(self._measured, short))
        else:
            self._restart(short.digests)

    def _restart(self, front: Digests) -> None:
        self._lookout.restart(front, self._edge, shy=self.bound is not None)

    def _errand(self, where: tuple[int, int], purpose: Purpose, handler: Handler) -> None:
        self._confirming = True
        self._errands.append((where, purpose, handler))

    def _confirmed(self, short: Slice, read: Read, rows: Sequence[Row], _tick: int) -> None:
        self._confirming = False
        extent = self._lookout.extent
        if not rows:
            extent.saw_empty(read.offset)
            self._ended = True
            self._finish(short)
            return
        short.is_short = False
        extent.rows = max(extent.rows, read.offset + len(rows))
        if short is self.chain.slices[-1]:
            self._edge = short.offset + len(short.digests)

    def _is_past(self, row: Row) -> bool:
        return self.bound is not None and is_newer(self.bound, row.active_at)

    def _measured(self, short: Slice, _read: Read, rows: Sequence[Row], _tick: int) -> None:
        """Go on with smaller pages if the cap has fallen."""
        self._confirming = False
        if len(rows) >= self._lookout.extent.size or short not in self.chain.slices:
            return
        self._cut(max(1, self.chain.slices.index(short)))
        last = self.chain.slices[-1]
        self._edge = last.offset + len(last.digests)
        self._restart(tuple(row.digest for row in rows))

    def _finish(self, final: Slice) -> None:
        if final in self.chain.slices:
            self._cut(self.chain.slices.index(final) + 1)
            self._final, self._doubting = final, False
            self.is_instant = final.offset == 0

    def _cut(self, index: int) -> None:
        for gone in self.chain.cut(index):
            self._pending.pop(gone, None)
            if gone is self._final:
                self._final, self._ended = None, False

    def _lift_bound(self) -> None:
        """Read on to the end: times out of order say nothing of what lies below."""
        self.bound = None
        if self._final and not self._ended:
            self._edge, self._final = self._final.end, None
            self.is_instant = False
        self._lookout.widen(self._edge)

    def _linked(self, lower: Slice, read: Read, rows: Sequence[Row], tick: int) -> None:
        if lower in self.chain.slices:
            upper = self.chain.above(lower)
            if self.chain.link(lower, Slice.of(read).fill(rows, tick)):
                self.repaired += self._hand_on(Landed(read, list(rows)), upper.known | lower.known)

    def _land(self) -> None:
        for one, landed in list(self._pending.items()):
            if landed is None:
                return
            del self._pending[one]
            self._hand_on(landed, self._above)
            self._above = one.known

    def _hand_on(self, landed: Landed, known: frozenset[bytes | None]) -> int:
        rows = [row for row in landed.rows if row.digest not in known]
        if rows:
            self.landed.append(Landed(landed.read, rows))
        return len(rows)
