"""What a sweep asks besides its windows: how far the list goes, and whether it moves."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from ingestion.extract.visitor_list.extent import Extent
from ingestion.extract.visitor_list.resume import Mark, Pending
from ingestion.extract.visitor_list.slices import Purpose, Slice
from ingestion.extract.visitor_list.watch import Digests, Watch

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ingestion.extract.visitor_list.slices import Errand, Read, Row

# Pages below which a daily sweep goes one by one: it is one page as a rule, a probe would be waste.
_FEW = 5
# A shorter first page is a short list, not the page size: fewer rows leave no room to straddle.
FEWEST_ROWS = 7
# Probes of the gallop that are sent together.
_VOLLEY = 3


class Lookout:
    """Probes for the end and looks at both ends of the list.

    Args:
        errands: Where the reads it wants are put.
        front: `(page, per_page)` of the first page.
        is_past: Whether a row lies behind the sweep's bound.
        every: Windows between two looks.

    Attributes:
        is_shy: Whether to spare probes as long as the sweep is short.
    """

    def __init__(
        self,
        errands: list[Errand],
        front: tuple[int, int],
        is_past: Callable[[Row], bool],
        every: int,
    ) -> None:
        self.watch = Watch()
        self.extent = Extent(size=front[1], rows=0, patience=1, volley=1)
        self.is_shy = False
        self.front = front
        self._errands, self._is_past, self._every = errands, is_past, every
        self._deepest: Slice | None = None
        self._looking: Slice | None = None
        self._looked_at = 0

    def restart(self, front: Digests, edge: int) -> None:
        """Begin anew with the first page as it is, and `edge` rows known."""
        most = self.front[1]
        size = max(len(front), min(most, FEWEST_ROWS))
        patience, volley = (_FEW, 1) if self.is_shy or len(front) < most else (1, _VOLLEY)
        self.extent = Extent(size, edge, patience, volley)
        self.watch.restart(front)
        self._deepest = self._looking = None
        self._looked_at = edge

    def widen(self, edge: int) -> None:
        """Search for the end of the list, where a bound was searched for."""
        self.extent = Extent(self.extent.size, edge, 1, _VOLLEY)

    def saw_empty(self, offset: int) -> None:
        """Note that the list ends above this offset, and with it perhaps the anchor."""
        self.extent.saw_empty(offset)
        anchor = self.watch.anchor
        if anchor and anchor.end > offset:
            self.watch.restart(self.watch.front)
            self._deepest = self._looking = None

    def pend(self, lowest: Slice | None) -> Pending | None:
        """What a later process needs to prove the slices down to `lowest` by a look of its own."""
        watch = self.watch
        if lowest is None or watch.anchor is None or None in {*watch.front, *watch.anchor.digests}:
            return None
        front = Mark(0, self.front[1], tuple(digest.hex() for digest in watch.front if digest))
        return Pending(Mark.of(lowest), Mark.of(watch.anchor), front)

    def search(self) -> None:
        """Ask for the probes that are due."""
        for page in self.extent.probes():
            handler = partial(self._probed, self.extent)
            self._errands.append(((page, self.extent.size), Purpose.PROBE, handler))

    def _probed(self, extent: Extent, read: Read, rows: Sequence[Row], tick: int) -> None:
        if extent is not self.extent:
            return
        inside = [row for row in rows if not self._is_past(row)]
        extent.answer(read.page, len(inside), ends=not rows or len(inside) < len(rows))
        if not rows:
            extent.empty_from = min(read.offset, extent.empty_from or read.offset)
        if inside and (self._deepest is None or read.offset > self._deepest.offset):
            self._deepest = Slice.of(read).fill(rows, tick)
        # Not before the whole volley is in: an anchor that the windows soon pass helps nobody.
        is_bounded = extent.first_beyond and not extent.is_asking
        if is_bounded and self._deepest and not self.watch.anchor:
            self.watch.open(self._deepest)

    def look(self, edge: int, *, waiting: bool, touching: bool) -> None:
        """Ask for a look when one is due.

        Args:
            edge: Offset down to which windows are asked for.
            waiting: Whether a seam waits for a look.
            touching: Whether an answer is awaited whose seam will.
        """
        anchor = self.watch.anchor
        if anchor is None or self._looking:
            return
        due = edge - self._looked_at >= self._every * anchor.per_page and edge < anchor.offset
        if due or (waiting and not touching):
            self._looking, self._looked_at = anchor, edge
            where = anchor.offset // anchor.per_page + 1, anchor.per_page
            self._errands.append((where, Purpose.LOOK, partial(self._saw_anchor, anchor)))

    def _saw_anchor(self, before: Slice, read: Read, rows: Sequence[Row], tick: int) -> None:
        if self._looking is before:
            anchor = Slice.of(read).fill(rows, tick)
            handler = partial(self._saw_front, before, anchor)
            self._errands.append((self.front, Purpose.FRONT, handler))

    def _saw_front(
        self, before: Slice, anchor: Slice, _read: Read, rows: Sequence[Row], _tick: int
    ) -> None:
        if self._looking is not before:
            return
        self._looking = None
        self.watch.look(anchor, tuple(row.digest for row in rows))
        if self._deepest:
            self.watch.deepen(self._deepest)
