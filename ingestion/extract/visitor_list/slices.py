"""Windows on a list that is paged by offset: which request shows which rows, and when two join.

`page=p&per_page=m` answers the rows at offsets (p-1)*m .. p*m-1 of the list, as it is at one
instant. The rows a request covers depend on both numbers: with a smaller `per_page` it shows a
window that straddles the boundary between two pages of the usual size.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum, StrEnum, auto
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from datetime import datetime


class Purpose(StrEnum):
    """Why a read is sent."""

    FRONT = "front"  # the first page: page size, watermark, what the looks compare
    SWEEP = "sweep"  # the next window down the list
    LINK = "link"  # a window across a torn seam
    PROBE = "probe"  # is there anything so far down?
    LOOK = "look"  # has the list moved, far down?
    CONFIRM = "confirm"  # is the page after a short one empty?


@dataclass(frozen=True, slots=True)
class Row:
    """One record of the list.

    Attributes:
        active_at: What the list is ordered by, UTC; None when it is missing or not a time.
        digest: Digest of the whole record, key and time included; None for a record without a key,
            which is landed but proves nothing.
        record: Whatever the caller wants to find in `Landed.rows`.
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


Handler = Callable[[Read, Sequence[Row], int], None]
# Where, why, and what to do with the answer: a read that is not sent yet.
Errand = tuple[tuple[int, int], Purpose, Handler]


class Seam(Enum):
    """What is known of the boundary between a slice and the one above it."""

    OPEN = auto()  # an answer is missing
    WAITING = auto()  # they touch; the next look tells whether the list stood still
    TORN = auto()  # a row may lie between them
    JOINED = auto()  # no unmoved row lies between them


@dataclass(eq=False, slots=True)
class Slice:
    """What is kept of a read once its records are handed on: digests and the outer times.

    `is_short` says that fewer rows came than were asked for, and nobody knows why yet.
    `sent` and `received` are event numbers; the answer shows the list at one instant in between.
    """

    offset: int
    per_page: int
    sent: int
    received: int | None = None
    digests: tuple[bytes | None, ...] = ()
    known: frozenset[bytes | None] = frozenset()
    first_at: datetime | None = None
    last_at: datetime | None = None
    seam: Seam = Seam.OPEN
    shift: int | None = None
    is_short: bool = False
    linking: bool = False
    tries: int = 0
    aim: int | None = None

    @classmethod
    def of(cls, read: Read) -> Slice:
        """A slice that waits for its answer."""
        return cls(offset=read.offset, per_page=read.per_page, sent=read.number)

    @property
    def end(self) -> int:
        """Offset just behind the last row asked for."""
        return self.offset + self.per_page

    @property
    def span(self) -> tuple[int, int]:
        """The events between which the page was cut."""
        return self.sent, self.sent if self.received is None else self.received

    @property
    def is_full(self) -> bool:
        """Whether every row asked for came."""
        return len(self.digests) == self.per_page

    def fill(self, rows: Sequence[Row], received: int) -> Self:
        """Keep of the answer what proofs need."""
        self.received = received
        self.digests = tuple(row.digest for row in rows)
        self.known = frozenset(self.digests) - {None}
        self.is_short = not self.is_full
        if rows:
            self.first_at, self.last_at = rows[0].active_at, rows[-1].active_at
        return self

    def shift_from(self, upper: Slice) -> int | None:
        """Places a row that both hold has moved down between the two reads; None without one."""
        shared = next((digest for digest in self.digests if digest in upper.known), None)
        if shared is None:
            return None
        places = self.offset + self.digests.index(shared)
        return places - upper.offset - upper.digests.index(shared)


def is_newer(left: datetime | None, right: datetime | None) -> bool:
    """Whether both are times and `left` is strictly the later."""
    return left is not None and right is not None and left > right


def reach(end: int, size: int, overlap: int) -> tuple[int, int]:
    """The farthest window that repeats the last `overlap` rows before offset `end`.

    Args:
        end: Offset behind what is already asked for.
        size: Most rows a request may ask for, at least 2.
        overlap: Rows to repeat; 0 takes the page of the usual size that holds offset `end`.

    Returns:
        `(page, per_page)`.
    """
    if not overlap:
        return end // size + 1, size
    start = max(0, end - overlap)
    best = max(range(max(2, size // 2), size + 1), key=lambda m: (start // m + 1) * m)
    return start // best + 1, best


def straddle(seam: int, size: int) -> tuple[int, int]:
    """The window with most rows on both sides of offset `seam`: 30 or more each at size 100.

    Returns:
        `(page, per_page)` with `per_page` at most `size`.
    """

    def rows_on_both_sides(m: int) -> int:
        above = (seam - 1) % m + 1
        return min(above, m - above)

    best = max(range(2, size + 1), key=rows_on_both_sides)
    return (seam - 1) // best + 1, best
