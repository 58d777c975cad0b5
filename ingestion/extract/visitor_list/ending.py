"""Where the list ends: an empty page says so, a short one does not."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from ingestion.extract.visitor_list.lookout import FEWEST_ROWS
from ingestion.extract.visitor_list.sandwich import Sandwich
from ingestion.extract.visitor_list.slices import Purpose, reach

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ingestion.extract.visitor_list.lookout import Lookout
    from ingestion.extract.visitor_list.shifts import Chain
    from ingestion.extract.visitor_list.slices import Errand, Read, Row, Slice
    from ingestion.extract.visitor_list.windows import Windows


class Ending:
    """Finds out what a short window means: the end, a smaller page size, or nothing.

    Attributes:
        final: The slice the sweep ends with; None until there is one.
        is_doubted: Whether a short window is in doubt, so that no other should be asked for.
    """

    def __init__(
        self, errands: list[Errand], chain: Chain, windows: Windows, lookout: Lookout
    ) -> None:
        """Put the reads into `errands`."""
        self.final: Slice | None = None
        self.is_doubted = False
        self._errands, self._chain, self._windows = errands, chain, windows
        self._lookout = lookout
        self._is_asking = self._is_confirmed = False

    def weigh(self) -> None:
        """Look into the first short window.

        One that repeats a row of the window above it just where it should begins at the offset
        asked for: the server granted the size, so it is short because the list ends in it. Even
        then a page below must have been seen empty.
        """
        slices = self._chain.slices
        pairs = zip([None, *slices], slices, strict=False)
        upper, short = next(((up, one) for up, one in pairs if one.is_short), (None, None))
        doubt = short if short is not self.final else None
        self.is_doubted = doubt is not None or self._is_asking
        if short is None or doubt is None or self._is_asking:
            return
        if upper and upper.received is None:
            return
        extent = self._lookout.extent
        in_place = upper is not None and short.offset > 0 and short.shift_from(upper) == 0
        if not in_place and short.per_page > FEWEST_ROWS:
            self._go_on_below(short)
        elif extent.empty_from is not None and max(extent.empty_from, extent.rows) <= short.end:
            self.finish(short)
        else:
            where = short.end // short.per_page + 1, short.per_page
            self._errands.append((where, Purpose.CONFIRM, partial(self._confirmed, short)))
            self._is_asking = True

    def _confirmed(self, short: Slice, read: Read, rows: Sequence[Row], _tick: int) -> None:
        self._is_asking = False
        extent = self._lookout.extent
        if not rows:
            self._lookout.saw_empty(read.offset)
            self.finish(short)
            self._is_confirmed = True
            return
        short.is_short = False
        extent.rows = max(extent.rows, read.offset + len(rows))
        if short is self._chain.slices[-1]:
            self._windows.edge = short.offset + len(short.digests)

    def saw_empty(self, one: Slice) -> None:
        """Go on above a window that lies beyond the end."""
        self.cut(self._chain.slices.index(one) if one.offset else 0)
        self._windows.edge = one.offset
        self._lookout.saw_empty(one.offset)
        size = self._lookout.extent.size
        page, per_page = reach(one.offset, size, 1)
        if one.offset and page * per_page <= one.offset:
            # No window shows both sides of this offset: a full page may be the last.
            self._is_asking = self.is_doubted = True
            Sandwich(self._errands, self._lookout.front, (one.offset, size), self._pressed)

    def _pressed(self, sandwich: Sandwich) -> None:
        self._is_asking = False
        _, (read, rows, above), (_, _, below), _, _ = sandwich.taken
        self._windows.edge = above.end - 1
        if sandwich.stood_still and not below.digests:
            self._windows.ask(read)
            final = self._windows.fill(read, rows, above.span[1])
            if final:
                self.finish(final)

    def _go_on_below(self, short: Slice) -> None:
        short.is_short = self.is_doubted = False
        self.cut(self._chain.slices.index(short) + 1)
        self._windows.edge = short.offset + len(short.digests)
        if not short.offset:
            self._lookout.restart(short.digests, self._windows.edge)
            return
        self._lookout.extent.rows = max(self._lookout.extent.rows, self._windows.edge)
        handler = partial(self._measured, short)
        self._errands.append((self._lookout.front, Purpose.FRONT, handler))
        self._is_asking = True

    def _measured(self, short: Slice, _read: Read, rows: Sequence[Row], _tick: int) -> None:
        """Go on with smaller pages if the cap has fallen."""
        self._is_asking = False
        if len(rows) >= self._lookout.extent.size or short not in self._chain.slices:
            return
        self.cut(max(1, self._chain.slices.index(short)))
        last = self._chain.slices[-1]
        self._windows.edge = last.offset + len(last.digests)
        self._lookout.restart(tuple(row.digest for row in rows), self._windows.edge)

    def finish(self, final: Slice) -> None:
        """End the sweep with a slice."""
        if final in self._chain.slices:
            self.cut(self._chain.slices.index(final) + 1)
            self.final, self.is_doubted, self._is_confirmed = final, False, False

    def cut(self, place: int) -> None:
        """Give up the windows from a place in the chain on."""
        if self.final in self._windows.cut(place):
            self.final = None

    def reopen(self) -> None:
        """Go on below a slice that was final for its times, not because the list ends there."""
        if self.final and not self._is_confirmed:
            self._windows.edge, self.final = self.final.end, None
