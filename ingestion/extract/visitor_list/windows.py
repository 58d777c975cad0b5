"""The windows asked for, in the list's order, and the rows that wait for their turn to land."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ingestion.extract.visitor_list.slices import Slice, reach

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ingestion.extract.visitor_list.shifts import Chain
    from ingestion.extract.visitor_list.slices import Read, Row

# Windows ahead of the first missing answer: bounds the records held for their turn.
_MOST_AHEAD = 128


@dataclass(frozen=True, slots=True)
class Landed:
    """Rows to write now, less those that the window above holds too."""

    read: Read
    rows: list[Row]


class Windows:
    """Lands windows from the top down, whatever the order of their answers.

    Attributes:
        edge: Offset down to which windows are asked for.
        landed: What to write.
    """

    def __init__(self, chain: Chain) -> None:
        """Windows whose seams `chain` will prove."""
        self.edge = 0
        self.landed: list[Landed] = []
        self._chain = chain
        self._held: dict[Slice, Landed | None] = {}
        self._above: frozenset[bytes | None] = frozenset()

    @property
    def is_idle(self) -> bool:
        """Whether no answer is awaited and all rows have landed."""
        return not self._held

    def next(self, size: int, rows: int, *, overlap: bool) -> tuple[int, int] | None:
        """The window to ask for next; None to wait.

        Args:
            size: Most rows to ask for.
            rows: Rows known to be there. Only when nothing is awaited a window goes beyond.
            overlap: Whether to repeat the last rows above; if not, the list has to stand still.
        """
        if len(self._held) >= _MOST_AHEAD:
            return None
        page, per_page = reach(self.edge, size, max(1, size // 33) if overlap else 0)
        if page * per_page <= self.edge:  # a multiple of all sizes: nothing reaches across
            page, per_page = reach(self.edge, size, 0)
        return (page, per_page) if (page - 1) * per_page < rows or self.is_idle else None

    def ask(self, read: Read) -> None:
        """Take note of a window that is asked for."""
        one = Slice.of(read)
        self._chain.slices.append(one)
        self._held[one] = None
        self.edge = one.end

    def fill(self, read: Read, rows: Sequence[Row], tick: int) -> Slice | None:
        """Take in a window; None when it was cut off meanwhile."""
        one = next((one for one in self._held if one.sent == read.number), None)
        if one:
            self._held[one] = Landed(read, list(rows))
            one.fill(rows, tick)
        return one

    def cut(self, place: int) -> list[Slice]:
        """Give up the windows from a place in the chain on."""
        gone = self._chain.cut(place)
        for one in gone:
            self._held.pop(one, None)
        return gone

    def land(self) -> None:
        """Hand on what has no missing answer above it."""
        for one, landed in list(self._held.items()):
            if landed is None:
                return
            del self._held[one]
            self.hand_on(landed.read, landed.rows, self._above)
            self._above = one.known

    def hand_on(self, read: Read, rows: Sequence[Row], known: frozenset[bytes | None]) -> int:
        """Hand on the rows not `known`, and tell how many."""
        fresh = [row for row in rows if row.digest not in known]
        if fresh:
            self.landed.append(Landed(read, fresh))
        return len(fresh)
