"""A window on a list that is paged by offset: which request shows which rows.

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
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class Row:
    """One record; `at` is what the list is ordered by, `digest` is another one once it moved."""

    at: datetime | None
    digest: bytes
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
    def digests(self) -> frozenset[bytes]:
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
        return cls(offset=window.offset, rows=[(row.at, row.digest.hex()) for row in window.rows])

    @property
    def window(self) -> Window:
        """The window again; the list goes on below it."""
        rows = tuple(Row(at, bytes.fromhex(digest)) for at, digest in self.rows)
        return Window(self.offset, len(rows), rows)


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
