"""A window on a list that is paged by offset: which request shows which rows, which are the last.

`page=p&per_page=m` answers the rows at offsets (p-1)*m .. p*m-1 as they are at one instant. Both
numbers count: with a smaller `per_page` a window lies across two pages of the usual size.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

PROBES = 4  # of a search for the end: at 4, 16 and 64 times as far together, then by quarters


@dataclass(frozen=True, slots=True)
class Row:
    """One record; `at` is what the list is ordered by, `digest` is another one once it moved."""

    at: datetime | None
    digest: str
    record: object = None


@dataclass(frozen=True, eq=False)
class Window:
    """Rows from `offset` on, as they were at one instant; `asked` is how many could come."""

    offset: int
    asked: int
    rows: tuple[Row, ...]

    @property
    def end(self) -> int:
        """Offset behind the last row."""
        return self.offset + len(self.rows)

    @property
    def is_short(self) -> bool:
        """Whether fewer rows came than were asked for."""
        return len(self.rows) < self.asked

    @cached_property
    def digests(self) -> frozenset[str]:
        """Of rows that can be told apart: of two that are alike neither proves a thing."""
        found = Counter(row.digest for row in self.rows)
        return frozenset(digest for digest, times in found.items() if times == 1)

    @cached_property
    def times(self) -> tuple[datetime, ...]:
        """Of the rows that have one, from the top down."""
        return tuple(row.at for row in self.rows if row.at)

    def is_same(self, other: Window) -> bool:
        """Whether both show the same rows."""
        return [row.digest for row in self.rows] == [row.digest for row in other.rows]

    def shares(self, upper: Window) -> bool:
        """Whether no stayer lies between: it repeats a row of `upper`, or is the top."""
        return not self.offset or not self.digests.isdisjoint(upper.digests)


@dataclass(eq=False, slots=True)
class Request:
    """A request for a page, its answer once that has come, and how many were read to join it."""

    page: int
    per_page: int
    window: Window | None = None
    bridges: int = 0

    @property
    def offset(self) -> int:
        """Rows of the list above the first one asked for."""
        return (self.page - 1) * self.per_page


class Mark(BaseModel):
    """What a later process needs of a window: times and digests, no names."""

    model_config = ConfigDict(extra="forbid")

    offset: int
    rows: list[tuple[AwareDatetime | None, str]]

    @classmethod
    def of(cls, window: Window) -> Self:
        """Keep a window without its records."""
        return cls(offset=window.offset, rows=[(row.at, row.digest) for row in window.rows])

    @property
    def window(self) -> Window:
        """The window again; the list goes on below it."""
        return Window(self.offset, len(self.rows), tuple(Row(*row) for row in self.rows))


def overlapping(end: int, size: int) -> tuple[int, int]:
    """`(page, per_page)` of the window that reaches farthest and repeats the row before `end`."""
    best = max(range(size, max(0, size // 2 - 1), -1), key=lambda m: ((end - 1) // m + 1) * m)
    return (end - 1) // best + 1, best


def straddling(seam: int, size: int) -> tuple[int, int] | None:
    """`(page, per_page)` of the window with most rows on both sides of offset `seam`.

    None where there is no such window: 60 is a multiple of every size up to 6.
    """
    best = max(range(1, size + 1), key=lambda m: min((seam - 1) % m + 1, -seam % m))
    return ((seam - 1) // best + 1, best) if seam % best else None


def is_past(row: Row, bound: datetime | None) -> bool:
    """Whether a row is older than what is to be read."""
    return bool(bound and row.at and row.at < bound)


class ListEnd:
    """An exponential search for the last page with rows newer than a bound, below offset `start`.

    It goes on while the list is read. `send` asks for a page of so many rows, `guess` pages below
    the start are worth it unseen, and at `empty_from`, the highest such offset, nothing was found.
    """

    def __init__(
        self,
        send: Callable[[int, int], Request],
        size: int,
        bound: datetime | None,
        start: int,
        guess: int,
    ) -> None:
        self._send, self._size, self._bound, self._guess = send, size, bound, guess
        self._start = self._low = max(1, start // size)
        self._high = 0  # a page known to lie beyond; 0 before there is one
        self._probes: list[Request] = []
        self.empty_from: int | None = None

    @property
    def rows(self) -> int:
        """Down to where windows are worth their requests."""
        known = self._low if self._high - self._low == 1 else self._low - 1
        if self._guess:
            guess = self._start + self._guess
            known = max(known, min(guess, self._high - 1) if self._high else guess)
        return self._size * known

    @property
    def pages(self) -> int | None:
        """How many there are from the start on, an estimate; None before there is one."""
        return (self._low + self._high) // 2 - self._start + 1 if self._high else None

    def note_empty(self, offset: int) -> None:
        """Note that nothing was found at this offset."""
        self.empty_from = min(offset, self.empty_from or offset)
        self._note_beyond(offset // self._size + 1)

    def search(self) -> None:
        """Send the next probes, once all have come that were sent."""
        if not all(probe.window for probe in self._probes):
            return
        for probe in self._probes:
            rows = probe.window.rows if probe.window else ()
            if not rows:
                self.note_empty(probe.offset)
            elif is_past(rows[0], self._bound):
                self._note_beyond(probe.page)
            else:
                self._low = max(self._low, min(probe.page, (self._high or probe.page + 1) - 1))
        low, part, steps = self._low, (self._high - self._low) / PROBES, range(1, PROBES)
        gallop = {low * 4**step for step in steps}
        pages = {low + round(part * step) for step in steps} if self._high else gallop
        wanted = sorted(pages - {low, self._high})
        self._probes = [self._send(page, self._size) for page in wanted]

    def _note_beyond(self, page: int) -> None:
        self._high = max(2, min(page, self._high or page))
        if self._low >= self._high:  # the list has become shorter than was known
            self._low = self._start = 1
