"""Looks at both ends of a list: when did it stand still?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ingestion.slices import Slice

Digests = tuple[bytes | None, ...]


@dataclass
class Watch:
    """Compares looks, taken one after the other.

    A look reads the anchor, a page far down, and then the first page. The stretch between two looks
    is quiet when the anchor is the same at both and the first page is the same at both and at the
    look before: the first page is then unchanged from before the first reading of the anchor until
    after the second, so no row coming in can hide one going out.

    Attributes:
        front: Digests of the first page as last seen.
        anchor: The deep page as last seen; None until the watch is open.
        restless: Whether the list had moved when last looked at.
        changes: How often it was seen to have moved.
    """

    front: Digests = ()
    anchor: Slice | None = None
    restless: bool = False
    changes: int = 0
    _front_same: bool = True
    _opening: Slice | None = None  # the anchor that the present quiet stretch began with
    _until: int = -1

    def restart(self, front: Digests) -> None:
        """Forget the anchor and start from a new first page."""
        self.front, self.anchor, self.restless = front, None, False
        self._front_same, self._opening, self._until = True, None, -1

    def open(self, anchor: Slice) -> None:
        """Start from a deep page that was asked for after `front` came."""
        self.anchor = self._opening = anchor

    def look(self, anchor: Slice, front: Digests) -> None:
        """Compare with the look before; `front` was asked for after `anchor` came."""
        before, front_was_same = self.anchor, self._front_same
        self._front_same = front == self.front
        same = self._front_same and before is not None and before.digests == anchor.digests
        self.front = front
        # A page that lies beyond the end by now would stay the same whatever moves above it.
        self.anchor = anchor if anchor.digests else None
        self.restless = not (same and front_was_same and self.anchor)
        if not self.restless:
            self._until = anchor.sent
            return
        self.changes += not same
        self._opening, self._until = anchor if self._front_same else None, -1

    def deepen(self, deeper: Slice) -> None:
        """Go on with a deeper anchor if it was read inside the quiet stretch."""
        if self.anchor and deeper.offset > self.anchor.offset and self.was_quiet(deeper.span):
            self.anchor = deeper

    def saw_move(self, span: tuple[int, int]) -> None:
        """Note that rows changed places between two reads, which the looks may have missed."""
        if self._opening and span[1] >= self._opening.sent:
            self.changes += 1
            self.restless, self._front_same = True, False
            self._opening, self._until = None, -1

    def was_quiet(self, span: tuple[int, int]) -> bool | None:
        """Whether the list stood still between two events; None while a look is owed."""
        since = self._opening.received if self._opening else None
        if since is None or span[0] < since:
            return False
        return True if span[1] <= self._until else None
