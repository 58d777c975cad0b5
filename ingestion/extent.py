"""How far down a list of unknown length has rows: a gallop, then a bisection, both by probes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_STRIDE = 4  # the gallop asks for pages 4, 16, 64, …


@dataclass
class Extent:
    """What is known of the end, in pages of the usual size.

    Attributes:
        size: Rows of a page.
        rows: Rows that are known to be there.
        patience: Pages to be known before the first probe is worth its request.
        volley: Probes of the gallop that are under way together.
        first_beyond: The lowest page known to hold nothing; None while the gallop goes on.
    """

    size: int
    rows: int
    patience: int
    volley: int
    first_beyond: int | None = None
    _gallop: int = _STRIDE
    _asked: int = 0

    def probes(self) -> Iterator[int]:
        """Pages to ask for now."""
        if self.rows < self.patience * self.size:
            return
        while self.first_beyond is None and self._asked < self.volley:
            while (self._gallop - 1) * self.size < self.rows:
                self._gallop *= _STRIDE
            self._asked += 1
            yield self._gallop
            self._gallop *= _STRIDE
        if self.first_beyond is None or self._asked:
            return
        last = -(-self.rows // self.size)
        if self.first_beyond - last > 1:
            self._asked += 1
            yield (last + self.first_beyond) // 2

    def answer(self, page: int, rows: int, *, ends: bool) -> None:
        """Note how many rows that belong to the crawl a probed page held, and whether it ends."""
        self._asked -= 1
        if rows:
            self.rows = max(self.rows, (page - 1) * self.size + rows)
        if ends:
            beyond = page + 1 if rows else page
            self.first_beyond = min(self.first_beyond or beyond, beyond)

    def shrink(self, rows: int) -> None:
        """Note that nothing was found at this offset and below."""
        self.rows = min(self.rows, rows)
        beyond = -(-rows // self.size) + 1
        self.first_beyond = min(self.first_beyond or beyond, beyond)
