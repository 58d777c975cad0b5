"""Looks at both ends of a list: by how much had it moved when a page was cut?"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from ingestion.extract.visitor_list.slices import Slice

Digests = tuple[bytes | None, ...]
Span = tuple[int, int]


class Step(NamedTuple):
    """Rows that came in at the front somewhere between two events."""

    early: int
    late: int
    rows: int


@dataclass
class Watch:
    """Compares looks, taken one after the other.

    A look reads the anchor, a page far down, and then the first page. The first page counts the
    rows that came in since before the anchor was first read; the anchor tells by how many places
    all rows above it moved down since. Moved = came in - went away, so when both counts are equal
    nothing went away, and the list at any instant since is the old one with rows put on top:
    its *level*, how many, is known but for the stretches in which some came.

    Attributes:
        front: Digests of the first page as last seen.
        anchor: The deep page as last seen; None until the watch is open.
        restless: Whether the list has moved lately.
        changes: How many looks saw it moved.
        news: Changes whenever there is more, or less, to be known.
    """

    front: Digests = ()
    anchor: Slice | None = None
    restless: bool = False
    changes: int = 0
    news: int = 0
    _opening: Slice | None = None  # the anchor as first read
    _settled: Slice | None = None  # the anchor when the counts were last equal
    _came: int = 0
    _moved: int = 0
    _late: bool = False  # whether the counts differed at the last look
    _steps: list[Step] = field(default_factory=list)
    _seen: list[tuple[Span, Span, int]] = field(default_factory=list)

    def restart(self, front: Digests) -> None:
        """Forget the anchor and start from a new first page."""
        self._close()
        self.front, self.anchor, self.restless = front, None, False

    def open(self, anchor: Slice) -> None:
        """Start from a deep page that was asked for after `front` came."""
        self._close()
        self.anchor = self._opening = self._settled = anchor

    def _close(self) -> None:
        self.news += 1
        self._opening = self._settled = None
        self._came = self._moved = 0
        self._late = False
        self._steps.clear()
        self._seen.clear()

    def look(self, anchor: Slice, front: Digests) -> None:
        """Compare with the look before; `front` was asked for after `anchor` came."""
        came = rows_on_top(self.front, front)
        moved = rows_on_top(self.anchor.digests, anchor.digests) if self.anchor else None
        self.front, self.anchor = front, anchor
        self.restless = came != 0 or moved != 0
        self.changes += self.restless
        if came is None or moved is None or self._opening is None:
            self._close()
            # A row may have come after the last look's first page and before this anchor.
            if came == 0 and anchor.digests:
                self.open(anchor)
            self.anchor = anchor if anchor.digests else None
            return
        self._came += came
        self._moved += moved
        if self._came == self._moved:
            self._settle(anchor)
        elif self._late:
            self._close()
        else:
            # One that came between the anchor and the first page moves the anchor next time.
            self._late = True

    def _settle(self, anchor: Slice) -> None:
        if self._settled is None:
            return
        rows = self._came - sum(step.rows for step in self._steps)
        if rows:
            self._steps.append(Step(self._settled.sent, anchor.received or 0, rows))
        self.news += 1
        self._settled, self._late = anchor, False
        seen, self._seen = self._seen, []
        for upper, lower, shift in seen:
            self.saw_shift(upper, lower, shift)

    def deepen(self, deeper: Slice) -> None:
        """Go on with a deeper anchor that was read while the list is known to have stood still."""
        if self.anchor is None or self._late or deeper.offset <= self.anchor.offset:
            return
        if self.level(deeper.span) == (self._came, self._came):
            self.anchor = deeper

    def saw_shift(self, upper: Span, lower: Span, shift: int) -> None:
        """Hold against the looks that rows moved `shift` places between two reads.

        Rows that came and went between two looks are seen by neither: a shift that the levels do
        not explain proves the looks wrong, and none of them is believed any more.
        """
        if self._opening is None or max(upper[1], lower[1]) < self._opening.sent:
            return
        self.restless = True
        above, below = self.level(upper), self.level(lower)
        if above and below:
            explained = above[0] + shift <= below[1] and below[0] <= above[1] + shift
        else:
            explained = not self.is_hopeless(upper) and not self.is_hopeless(lower)
            self._seen.append((upper, lower, shift))
        if not explained:
            self._close()

    def is_hopeless(self, span: Span) -> bool:
        """Whether no look will ever tell the level of a page read between two events."""
        since = self._opening.received if self._opening else None
        return since is None or span[0] < since

    def has_stood_since(self, span: Span) -> bool:
        """Whether, for all that looks tell so far, the list has not moved since a page was cut."""
        is_open = self._settled is not None and not self._late and not self.restless
        return (
            is_open
            and not self.is_hopeless(span)
            and all(step.late <= span[0] for step in self._steps)
        )

    def level(self, span: Span) -> tuple[int, int] | None:
        """The least and the most rows that were on top; None as long as nobody knows."""
        if self.is_hopeless(span) or self._settled is None or span[1] > self._settled.sent:
            return None
        least = sum(step.rows for step in self._steps if step.late <= span[0])
        most = sum(step.rows for step in self._steps if step.early < span[1])
        return least, most


def rows_on_top(before: Digests, after: Digests) -> int | None:
    """How many rows were put on top of a page; None when that is not all that happened to it."""
    return next((i for i in range(len(after)) if after[i:] == before[: len(after) - i]), None)
