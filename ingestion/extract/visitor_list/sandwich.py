"""A proof for seams that no window reaches across."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ingestion.extract.visitor_list.slices import Purpose, Slice

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ingestion.extract.visitor_list.slices import Errand, Read, Row


class Sandwich:
    """Reads one after the other that prove a seam no window straddles.

    Where an offset is a multiple of every page size, as 2,520 is up to 10 rows a page, no window
    reaches across. The first page and the page above are read before and after the page below:
    when they are the same, the list stood still, and the two pages touch.
    """

    def __init__(
        self,
        errands: list[Errand],
        front: tuple[int, int],
        seam: tuple[int, int],
        done: Callable[[Sandwich], None],
    ) -> None:
        """Prove the seam at an `(offset, size)` through `errands`, then call `done`."""
        self.taken: list[tuple[Read, Sequence[Row], Slice]] = []
        page, size = seam[0] // seam[1], seam[1]
        self._course = [front, (page, size), (page + 1, size), (page, size), front]
        self._errands, self._done = errands, done
        self._go_on()

    def _go_on(self) -> None:
        """Ask for the next page."""
        self._errands.append((self._course[len(self.taken)], Purpose.LINK, self._took))

    def _took(self, read: Read, rows: Sequence[Row], tick: int) -> None:
        self.taken.append((read, rows, Slice.of(read).fill(rows, tick)))
        if len(self.taken) < len(self._course):
            self._go_on()
        else:
            self._done(self)

    @property
    def stood_still(self) -> bool:
        """Whether nothing moved between the two readings of the page above."""
        front, above, _, above_after, front_after = (one for _, _, one in self.taken)
        same = front.digests == front_after.digests and above.digests == above_after.digests
        return same and above.is_full
