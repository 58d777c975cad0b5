"""Reads across torn seams."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from ingestion.extract.visitor_list.sandwich import Sandwich
from ingestion.extract.visitor_list.slices import Purpose, Slice, straddle

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ingestion.extract.visitor_list.shifts import Chain
    from ingestion.extract.visitor_list.slices import Errand, Read, Row
    from ingestion.extract.visitor_list.windows import Windows


class Mender:
    """Links slices with the ones above them.

    A window that straddles the seam and shares a row with both sides proves it, whatever has moved;
    one that shares a row with one side only moves the seam, and the next is aimed from there.

    Attributes:
        repaired: Rows that no other read showed.
    """

    def __init__(
        self, errands: list[Errand], front: tuple[int, int], chain: Chain, windows: Windows
    ) -> None:
        """Put the reads into `errands` and the rows into `windows`."""
        self.repaired = 0
        self._errands, self._front, self._chain, self._windows = errands, front, chain, windows

    def mend(self, size: int) -> None:
        """Ask for what the torn seams need, in windows of at most `size` rows."""
        for lower in self._chain.torn:
            lower.linking = True
            aim = self._chain.aim(lower)
            page, per_page = straddle(aim, size)
            if page * per_page > aim:
                handler = partial(self._linked, lower)
                self._errands.append(((page, per_page), Purpose.LINK, handler))
            else:
                done = partial(self._pressed, lower)
                Sandwich(self._errands, self._front, (aim, size), done)

    def _linked(self, lower: Slice, read: Read, rows: Sequence[Row], tick: int) -> None:
        self._link(lower, read, rows, Slice.of(read).fill(rows, tick))

    def _link(self, lower: Slice, read: Read, rows: Sequence[Row], link: Slice) -> None:
        if lower in self._chain.slices:
            known = self._chain.above(lower).known | lower.known
            if self._chain.link(lower, link):
                self.repaired += self._windows.hand_on(read, rows, known)

    def _pressed(self, lower: Slice, sandwich: Sandwich) -> None:
        _, above, below, above_after, _ = sandwich.taken
        if not (sandwich.stood_still and below[-1].digests):
            self._link(lower, *above_after)
        elif lower in self._chain.slices:
            known = self._chain.above(lower).known | lower.known
            self._chain.insert(lower, above[-1], below[-1])
            for read, rows, _ in (above, below):
                self.repaired += self._windows.hand_on(read, rows, known)
