"""Proof that nothing slipped between two slices of a list that moves while it is read.

A row slips when it changes pages between the reads of both. Two facts rule that out:

* *Overlap.* Two slices share a row that has not moved. What lies below it at one instant lies below
  it at the other, so no unmoved row is between the slices.
* *Quiet.* The first page and a page deeper than both slices read the same before and after. No
  row came in (it would stand on the first page) and none left (the deep page would have moved up),
  so both slices were cut from the same list.

A seam with neither proof is torn, and a read that straddles it gives the first.
"""

from __future__ import annotations

from dataclasses import dataclass

from ingestion.slices import Slice


@dataclass
class Watch:
    """Looks at both ends of the list, one after the other, and tells when it stood still.

    A look reads the anchor, a page far down, and then the first page. The stretch between two looks
    is quiet when the anchor is the same at both and the first page is the same at both and at the
    look before: the first page is then unchanged from before the first reading of the anchor until
    after the second, so no row coming in can hide one going out.

    Attributes:
        front: Digests of the first page as last seen.
        anchor: The deep page as last seen; None before the watch is open.
        changes: How often the list was seen to have moved.
        restless: Whether it had moved when last looked at.
    """

    front: tuple[bytes | None, ...]
    anchor: Slice | None = None
    changes: int = 0
    restless: bool = False
    _front_same: bool = True
    _since: int | None = None
    _until: int = -1

    def open(self, anchor: Slice) -> None:
        """Start from a deep page that was asked for after `front` came."""
        self.anchor, self._since, self._until = anchor, anchor.received, -1

    def look(self, anchor: Slice, front: tuple[bytes | None, ...]) -> None:
        """Compare with the look before; `front` was asked for after `anchor` came."""
        before, was_same = self.anchor, self._front_same
        self._front_same = front == self.front
        same = self._front_same and before is not None and before.digests == anchor.digests
        self.front, self.anchor = front, anchor
        self.restless = not (same and was_same)
        if not self.restless:
            self._until = anchor.sent
            return
        self.changes += not same
        self._since, self._until = anchor.received if self._front_same else None, -1

    def deepen(self, deeper: Slice) -> None:
        """Go on with a deeper anchor if it was read inside the quiet stretch."""
        sent, received = deeper.sent, deeper.received
        if self._since is not None and received is not None:
            if self._since <= sent and received <= self._until:
                self.anchor = deeper

    def saw_move(self, span: tuple[int, int]) -> None:
        """Stop trusting the looks: two slices show that the list moved between two events."""
        if self._since is not None and span[0] >= self._since:
            self.restless, self._front_same = True, False
            self._since, self._until = None, -1
            self.changes += 1

    def was_quiet(self, span: tuple[int, int]) -> bool | None:
        """Whether the list stood still between two events; None while a look is owed."""
        if self._since is None or span[0] < self._since:
            return False
        return True if span[1] <= self._until else None


@dataclass(eq=False)
class Seam:
    """The boundary between a slice and the one above it, until nothing can lie in between."""

    upper: Slice
    lower: Slice
    torn: bool = False
    linking: bool = False
    tries: int = 0
    aim: int | None = None

    @property
    def span(self) -> tuple[int, int]:
        """The events between which both slices were cut."""
        ends = (self.upper.received or 0, self.lower.received or 0)
        return min(self.upper.sent, self.lower.sent), max(ends)
