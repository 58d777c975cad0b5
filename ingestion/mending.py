"""Reads across torn seams."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from ingestion.slices import Purpose, Slice, straddle

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ingestion.shifts import Chain
    from ingestion.slices import Errand, Read, Row
    from ingestion.windows import Windows


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
                above, below = (aim // size, size), (aim // size + 1, size)
                course = (self._front, above, below, above, self._front)
                Sandwich(self._errands, course, partial(self._pressed, lower)).go_on()

    def _linked(self, lower: Slice, read: Read, rows: Sequence[Row], tick: int) -> None:
        if lower in self._chain.slices:
            known = self._chain.above(lower).known | lower.known
            if self._chain.link(lower, Slice.of(read).fill(rows, tick)):
                self.repaired += self._windows.hand_on(read, rows, known)

    def _pressed(self, lower: Slice, sandwich: Sandwich) -> None:
        if lower not in self._chain.slices:
            return
        lower.linking = False
        if not sandwich.stood_still:
            return
        known = self._chain.above(lower).known | lower.known
        (read, rows, above), (read_below, rows_below, below) = sandwich.taken[1:3]
        self._chain.insert(lower, above, below)
        self.repaired += self._windows.hand_on(read, rows, known)
        self.repaired += self._windows.hand_on(read_below, rows_below, known)


class Sandwich:
    """Reads one after the other that prove a seam no window straddles.

    Where an offset is a multiple of every page size, as 2,520 is up to 10 rows a page, no window
    reaches across. The first page and the page above are read before and after the page below:
    when they are the same, the list stood still, and the two pages touch.
    """

    def __init__(
        self,
        errands: list[Errand],
        course: tuple[tuple[int, int], ...],
        done: Callable[[Sandwich], None],
    ) -> None:
        """Follow `course` through `errands`, then call `done`."""
        self.taken: list[tuple[Read, Sequence[Row], Slice]] = []
        self._errands, self._course, self._done = errands, course, done

    def go_on(self) -> None:
        """Ask for the next page."""
        self._errands.append((self._course[len(self.taken)], Purpose.LINK, self._took))

    def _took(self, read: Read, rows: Sequence[Row], tick: int) -> None:
        self.taken.append((read, rows, Slice.of(read).fill(rows, tick)))
        if len(self.taken) < len(self._course):
            self.go_on()
        else:
            self._done(self)

    @property
    def stood_still(self) -> bool:
        """Whether nothing moved between the two readings of the page above."""
        front, above, below, above_after, front_after = (one for _, _, one in self.taken)
        same = front.digests == front_after.digests and above.digests == above_after.digests
        return same and above.is_full and bool(below.digests)
