"""Where a list of unknown length ends: an exponential search, while the list is read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ingestion.extract.window import Request, is_past

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

PROBES = 4  # at 4, 16 and 64 times as far together, then by quarters


class ListEnd:
    """The last page with rows newer than a bound.

    Args:
        send: Sends a request for a page of so many rows.
        size: Rows a page.
        bound: What is to be read is not older; None for the end of the list.
        start: Search below this offset.
        guess: Pages below that are worth their requests unseen.

    Attributes:
        empty_from: The highest offset at which nothing was found.
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
