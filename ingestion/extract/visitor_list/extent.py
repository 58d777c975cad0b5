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
        volley: Probes of the gallop that are sent together.
        first_beyond: The lowest page known to hold nothing; None while the gallop goes on.
        empty_from: Offset of the highest window seen empty.
    """

    size: int
    rows: int
    patience: int
    volley: int
    first_beyond: int | None = None
    empty_from: int | None = None
    _gallop: int = _STRIDE
    _asked: int = 0

    def probes(self) -> Iterator[int]:
        """Pages to ask for now."""
        if self._asked or self.rows < self.patience * self.size:
            return
        if self.first_beyond is None:
            while (self._gallop - 1) * self.size < self.rows:
                self._gallop *= _STRIDE
            for _ in range(self.volley):
                self._asked += 1
                yield self._gallop
                self._gallop *= _STRIDE
        elif self.first_beyond - self._last > 1:
            self._asked += 1
            yield self.middle or 0

    @property
    def is_asking(self) -> bool:
        """Whether a probe has not been answered yet."""
        return self._asked > 0

    @property
    def middle(self) -> int | None:
        """The page halfway between the last one known and the first one beyond."""
        return (self._last + self.first_beyond) // 2 if self.first_beyond else None

    @property
    def _last(self) -> int:
        return -(-self.rows // self.size)

    def answer(self, page: int, rows: int, *, ends: bool) -> None:
        """Note how many rows that belong to the crawl a probed page held, and whether it ends."""
        self._asked -= 1
        if rows:
            self.rows = max(self.rows, (page - 1) * self.size + rows)
        if ends:
            beyond = page + 1 if rows else page
            self.first_beyond = min(self.first_beyond or beyond, beyond)

    def saw_empty(self, offset: int) -> None:
        """Note that nothing was found at this offset and below."""
        self.empty_from = min(offset, self.empty_from or offset)
        self.rows = min(self.rows, offset)
        self.first_beyond = min(self.first_beyond or self._last + 1, self._last + 1)
