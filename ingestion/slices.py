"""Windows on a list that is paged by offset: how to ask for one and when two of them join.

`page=p&per_page=m` answers the rows at offsets (p-1)*m .. p*m-1 of the list as it is at one instant.
The rows a request covers therefore depend on both numbers, and asking with a smaller `per_page`
reaches windows that straddle the seam between two pages of the usual size.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime


class Purpose(StrEnum):
    """Why a read is sent; only `SWEEP` and `LINK` answers are written."""

    FIRST = "first"
    SWEEP = "sweep"
    LINK = "link"
    PROBE = "probe"
    LOOK = "look"
    CONFIRM = "confirm"


@dataclass(frozen=True, slots=True)
class Row:
    """One record of the list.

    Attributes:
        active_at: What the list is ordered by, UTC; None when it is missing or not a time.
        digest: Digest of the whole record, key and time included; None for a record without a key,
            which is written but proves nothing.
        record: Whatever the caller wants back in `Landed`.
    """

    active_at: datetime | None
    digest: bytes | None
    record: object


@dataclass(frozen=True, slots=True)
class Read:
    """One request to send: `page` counts from 1, `number` is its place in the order of events."""

    number: int
    page: int
    per_page: int
    purpose: Purpose

    @property
    def offset(self) -> int:
        """Rows of the list above the first row asked for."""
        return (self.page - 1) * self.per_page


@dataclass(eq=False, slots=True)
class Slice:
    """What is kept of a read once its records are handed on: digests and the two outer times.

    `sent` and `received` are event numbers; the answer shows the list at one instant in between.
    `joined` says that no unmoved row can lie between this slice and the one before it.
    """

    offset: int
    per_page: int
    sent: int
    received: int | None = None
    digests: tuple[bytes | None, ...] = ()
    first_at: datetime | None = None
    last_at: datetime | None = None
    known: frozenset[bytes] = field(default_factory=frozenset)
    joined: bool = False

    @classmethod
    def of(cls, read: Read) -> Slice:
        """A slice still waiting for its answer."""
        return cls(offset=read.offset, per_page=read.per_page, sent=read.number)

    @property
    def end(self) -> int:
        """Offset just behind the last row asked for."""
        return self.offset + self.per_page

    @property
    def full(self) -> bool:
        """Whether every row asked for came."""
        return len(self.digests) == self.per_page

    def fill(self, rows: Sequence[Row], received: int) -> None:
        """Keep what later proofs need of the answer."""
        self.received = received
        self.digests = tuple(row.digest for row in rows)
        self.known = frozenset(digest for digest in self.digests if digest is not None)
        if rows:
            self.first_at, self.last_at = rows[0].active_at, rows[-1].active_at

    def shares(self, other: Slice) -> bool:
        """Whether both hold a same unmoved row."""
        return not self.known.isdisjoint(other.known)

    def starts_above_end_of(self, upper: Slice) -> bool:
        """Whether, by time, this slice begins above the last row of `upper`."""
        return is_newer(self.first_at, upper.last_at)


def is_newer(left: datetime | None, right: datetime | None) -> bool:
    """Whether both are times and `left` is strictly the later."""
    return left is not None and right is not None and left > right


def reach(end: int, size: int, overlap: int) -> tuple[int, int]:
    """The farthest window that still repeats the last `overlap` rows before offset `end`.

    Returns:
        `(page, per_page)` with `per_page` at most `size`. Without overlap, the page of the usual
        size that holds offset `end`.
    """
    if not overlap:
        return end // size + 1, size
    start = max(0, end - overlap)
    smallest = max(2, size // 2)
    best = max(range(smallest, size + 1), key=lambda m: (start // m + 1) * m)
    return start // best + 1, best


def straddle(seam: int, size: int) -> tuple[int, int]:
    """The window with most rows on both sides of offset `seam`.

    For `size` 100 it holds at least 30 rows on each side of any seam up to offset 100,000.

    Returns:
        `(page, per_page)` with `per_page` at most `size`.
    """

    def rows_on_both_sides(m: int) -> int:
        above = (seam - 1) % m + 1
        return min(above, m - above)

    best = max(range(2, size + 1), key=rows_on_both_sides)
    return (seam - 1) // best + 1, best
