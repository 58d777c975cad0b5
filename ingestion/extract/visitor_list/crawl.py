"""Crawl a list that moves while it is paged, and miss nobody.

The list is ordered by last activity, newest first, and read by offset. While it is read, rows come
in at the front, move there from deep places, and disappear; requests in flight answer in any
order. `Crawl` decides what to ask next and what the answers prove. It has no threads, clock, sleep
or HTTP: a driver sends what `ready` returns, hands the answers to `receive`, writes what `take`
returns.

**Promise.** When `done`, every row that existed when the crawl began and still exists has been
landed, in some state; a newer state is landed too, or has an `active_at` at or after `watermark`,
where the next crawl begins.

**Why.** Call a row that does not move during a sweep a stayer. A sweep keeps the invariant that a
stayer not landed lies below everything read so far. It holds for the first page. It is handed on
from a window to the next when both share an unmoved row (stayers never change their order), or when
the list stood still between both reads (`shifts`). The sweep ends at a window with
nothing below it, or whose last row is older than the bound: so every stayer is landed. A row that
moved is at the front from then on, so the front is swept again down to the watermark; what moves
during that sweep is caught by a third, down to the newest row that the second began with. A sweep
of one window shows a single instant, in which nothing moves: there the crawl ends.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import count
from typing import TYPE_CHECKING

from ingestion.extract.visitor_list.resume import Resume
from ingestion.extract.visitor_list.slices import Read, Row
from ingestion.extract.visitor_list.sweep import Scope, Sweep
from ingestion.extract.visitor_list.windows import Landed

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from ingestion.extract.visitor_list.watch import Digests

__all__ = ["Crawl", "Landed", "Outcome", "Read", "Resume", "Row"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a crawl did so far.

    Attributes:
        watermark: Where the next crawl begins, less an overlap; None to keep the one before.
        requests: Reads handed out.
        pages: Windows landed.
        pages_expected: Pages in all, an estimate for progress that gets better; None at first.
        shifts: How often the list was seen to have moved.
        repaired: Rows that only reads across torn seams found.
        violations: Answers out of order; one makes an incremental crawl a full one.
    """

    watermark: datetime | None = None
    requests: int = 0
    pages: int = 0
    pages_expected: int | None = None
    shifts: int = 0
    repaired: int = 0
    violations: int = 0


class Crawl:
    """One crawl, from the first request to the last; not safe for threads without a lock.

    Args:
        started_at: Now by the caller's clock, UTC.
        bound: Read down to the first window whose last row is strictly older: the kept watermark
            less an overlap. None reads the whole list.
        per_page: Rows to ask for; a lower cap of the server's is found out.
        resume: Go on with a crawl that was broken off; its times replace those given here.
        heartbeat_every: Windows between two looks at the ends of the list.
    """

    def __init__(
        self,
        *,
        started_at: datetime,
        bound: datetime | None = None,
        per_page: int = 100,
        resume: Resume | None = None,
        heartbeat_every: int = 100,
    ) -> None:
        start = resume or Resume(started_at=started_at, watermark=None, bound=bound)
        self._start, self._resume, self._resumed = start, resume, resume is not None
        self._watermark = start.watermark
        self._per_page, self._every = per_page, heartbeat_every
        self._ticks = count()
        self._landed: list[Landed] = []
        self._requests = self._pages = self._shifts = self._repaired = self._violations = 0
        self.done = False
        self._is_main = not start.front_only
        front_bound = self._watermark or start.started_at
        self._begin(start.bound if self._is_main else front_bound, resume=start)

    def ready(self, limit: int) -> list[Read]:
        """The reads to send now, at most `limit` more than are in flight."""
        reads = [] if self.done or limit <= 0 else self._sweep.ready(limit)
        self._requests += len(reads)
        return reads

    def receive(self, read: Read, rows: Sequence[Row]) -> None:
        """Take in the answer to a read; answers may come in any order."""
        if self.done:
            return
        self._sweep.receive(read, rows, next(self._ticks))
        if self._is_main and not self._resumed and self._sweep.newest:
            self._watermark = min(self._start.started_at, self._sweep.newest)
        self._landed += self._sweep.landed
        self._sweep.landed.clear()
        if self._sweep.done:
            self._next()

    def take(self) -> list[Landed]:
        """The rows to write since the last call: down the list, repairs in between."""
        landed, self._landed = self._landed, []
        self._pages += len(landed)
        self._resume = self._here()
        return landed

    @property
    def resume(self) -> Resume | None:
        """Where to go on when all that `take` has given so far is durable; None at the start."""
        return self._resume

    @property
    def outcome(self) -> Outcome:
        """What was done so far."""
        sweep = self._sweep
        return Outcome(
            watermark=self._watermark,
            requests=self._requests,
            pages=self._pages,
            pages_expected=sweep.pages_expected,
            shifts=self._shifts + sweep.shifts,
            repaired=self._repaired + sweep.repaired,
            violations=self._violations + sweep.chain.violations,
        )

    def _begin(
        self, bound: datetime | None, before: Digests | None = None, resume: Resume | None = None
    ) -> None:
        scope = Scope(self._per_page, self._every, bound, self._is_main, before=before)
        if resume and resume.boundary:
            boundary, pending = resume.boundary.slice, resume.pending
            scope = replace(scope, boundary=boundary, pending=pending)
        self._sweep = Sweep(scope, self._ticks)

    def _next(self) -> None:
        """Sweep the front for what moved meanwhile, until a sweep took no time."""
        sweep = self._sweep
        self._shifts += sweep.shifts
        self._repaired += sweep.repaired
        self._violations += sweep.chain.violations
        self.done = sweep.is_instant
        if not self.done:
            since = self._watermark if self._is_main else sweep.newest
            # A resumed sweep began before this process did: its first page is not known.
            before = None if self._is_main and self._resumed else sweep.front
            self._is_main = False
            self._begin(since or self._start.started_at, before)

    def _here(self) -> Resume | None:
        start = replace(self._start, watermark=self._watermark)
        if not self._is_main:
            return replace(start, front_only=True, boundary=None, pending=None)
        start = replace(start, bound=self._sweep.bound)
        boundary = self._sweep.boundary
        return start.below(boundary, self._sweep.pending) if boundary else self._resume
