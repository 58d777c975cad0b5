"""Proof that nothing slipped between two slices of a list that moves while it is read.

A row slips when it changes pages between the reads of both. Two facts rule that out:

* *Overlap.* Two slices share a row that has not moved. What lies below it at one instant lies below
  it at the other, so no unmoved row is between the slices.
* *Quiet.* They touch, and no more rows lay on top of the list when the upper was cut than when the
  lower was. Looks at both ends of the list tell how many did (`watch`).

A seam with neither proof is torn, and a read that straddles it gives the first.
"""

from __future__ import annotations

from itertools import pairwise, takewhile
from math import inf
from typing import TYPE_CHECKING

from ingestion.extract.visitor_list.slices import Seam, is_newer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ingestion.extract.visitor_list.slices import Slice
    from ingestion.extract.visitor_list.watch import Watch


Level = tuple[int, int] | None


class Chain:
    """Slices in the order of the list, each with the proof of its seam to the one above.

    The slices above the first seam without proof are dropped but for the last, the `boundary`:
    memory holds the slices in flight and those that wait for a look, whatever the list's length.

    Attributes:
        watch: Tells whether the list stood still.
        violations: Pages and quiet seams whose times were out of order.
        is_whole: Whether no slice is to follow.
    """

    def __init__(self, watch: Watch) -> None:
        self.slices: list[Slice] = []
        self.watch = watch
        self.violations = 0
        self.is_whole = False
        self._judged: tuple[int, bool] | None = None

    @property
    def ordered(self) -> bool:
        """Whether times may be relied upon."""
        return not self.violations

    @property
    def is_touching(self) -> bool:
        """Whether an answer is missing that a look will have to prove."""
        pairs = pairwise(self.slices)
        return any(low.seam is Seam.OPEN and low.offset == up.end for up, low in pairs)

    @property
    def torn(self) -> list[Slice]:
        """Slices to link with the one above them that no read is under way for."""
        return [one for one in self.slices if one.seam is Seam.TORN and not one.linking]

    @property
    def is_waiting(self) -> bool:
        """Whether a look would tell something new of a seam."""
        return any(
            low.seam is Seam.WAITING
            and not (self.watch.level(up.span) and self.watch.level(low.span))
            for up, low in pairwise(self.slices)
        )

    def above(self, lower: Slice) -> Slice:
        """The slice above `lower`."""
        return self.slices[self.slices.index(lower) - 1]

    def cut(self, index: int) -> list[Slice]:
        """Take off the slices from `index` on."""
        self.slices, gone = self.slices[:index], self.slices[index:]
        return gone

    def settle(self) -> None:
        """Prove what can be proved, from the top down to the first missing answer."""
        filled = list(takewhile(lambda one: one.received is not None, self.slices))
        for upper, lower in pairwise(filled):
            if lower.seam is Seam.OPEN:
                lower.seam = self._compare(upper, lower)
        if self._judged != (self.watch.news, self.is_whole):
            self._judged = self.watch.news, self.is_whole
            self._judge(filled)
        proven = takewhile(lambda one: one.seam is Seam.JOINED, filled[1:])
        del self.slices[: sum(1 for _ in proven)]

    @property
    def pending(self) -> Slice | None:
        """The lowest slice that a look would prove if it finds all as it was; None without one."""
        lowest = None
        for upper, lower in pairwise(self.slices):
            is_quiet = lower.seam is Seam.WAITING or (
                lower.seam is Seam.JOINED and lower.shift == 0
            )
            if not (is_quiet and lower.is_full) or is_newer(lower.first_at, upper.last_at):
                break
            if not all(self.watch.has_stood_since(one.span) for one in (upper, lower)):
                break
            lowest = lower
        return lowest

    def _compare(self, upper: Slice, lower: Slice) -> Seam:
        if not lower.offset:
            return Seam.JOINED
        lower.shift = lower.shift_from(upper)
        if lower.shift is None:
            touch = upper.is_full and lower.is_full and lower.offset == upper.end
            return Seam.WAITING if touch and not self._is_hopeless(upper, lower) else Seam.TORN
        if lower.shift:
            self.watch.saw_shift(upper.span, lower.span, lower.shift)
        return Seam.JOINED

    def _judge(self, filled: Sequence[Slice]) -> None:
        """Decide on the seams that touch: nothing slipped where the level did not fall.

        Two slices that touch share no row, so the level did not rise from the upper to the lower.
        Where they overlap, it rose by as many places as the shared row moved.
        """
        levels = [self.watch.level(one.span) for one in filled]
        most, least = _upper_bounds(filled, levels), _lower_bounds(filled, levels)
        # A slice of known level further down may still tell; below the last one nothing will.
        exact = (i for i, at in enumerate(levels) if at and (at[0] == at[1] or self.is_whole))
        last_known = max(exact, default=0)
        clear = True  # below a torn seam nothing is joined: what belies the looks may hide in it
        for i, (upper, lower) in enumerate(pairwise(filled)):
            proved = most[i] <= least[i + 1]
            if lower.seam is Seam.WAITING and proved and clear:
                lower.seam, lower.shift = Seam.JOINED, 0
                self.violations += is_newer(lower.first_at, upper.last_at)
            is_final = i < last_known or self._is_hopeless(upper, lower)
            if lower.seam is Seam.WAITING and not proved and is_final:
                lower.seam = Seam.TORN
            clear = clear and lower.seam is not Seam.TORN

    def _is_hopeless(self, upper: Slice, lower: Slice) -> bool:
        return self.watch.is_hopeless(upper.span) or self.watch.is_hopeless(lower.span)

    def aim(self, lower: Slice) -> int:
        """Where the seam above `lower` should be in the list by now, as an offset."""
        if lower.aim is not None:
            return lower.aim
        upper = self.above(lower)
        # The later read knows better where its rows are now.
        guess = upper.offset + len(upper.digests) if upper.sent > lower.sent else lower.offset
        return max(1, guess)

    def link(self, lower: Slice, link: Slice) -> bool:
        """Place a slice read across the seam above `lower`; False when it lies elsewhere."""
        place = self.slices.index(lower)
        upper = self.slices[place - 1]
        lower.linking = False
        link.seam, below = self._meets(upper, link), self._meets(link, lower)
        if Seam.JOINED in {link.seam, below} or self._is_between(upper, link, lower):
            link.shift, lower.shift = link.shift_from(upper), lower.shift_from(link)
            if link.shift is not None and lower.shift is not None:
                shift = link.shift + lower.shift
                if shift:
                    self.watch.saw_shift(upper.span, lower.span, shift)
            lower.seam, lower.aim, lower.tries = below, None, 0
            self.slices.insert(place, link)
            self._judged = None
            return True
        lower.aim = self._next_aim(link, lower)
        lower.tries += 1
        return False

    def insert(self, lower: Slice, above: Slice, below: Slice) -> None:
        """Place two slices that are known to touch across the seam above `lower`."""
        place = self.slices.index(lower)
        above.seam = self._meets(self.slices[place - 1], above)
        below.seam, below.shift = Seam.JOINED, 0
        lower.seam, lower.aim, lower.linking = self._meets(below, lower), None, False
        self.slices[place:place] = [above, below]
        self._judged = None

    def _meets(self, upper: Slice, lower: Slice) -> Seam:
        # Nothing lies above a window at the top, so what it does not show lies below it.
        above = not lower.offset or (self.ordered and is_newer(lower.first_at, upper.last_at))
        return Seam.JOINED if above or lower.shift_from(upper) is not None else Seam.TORN

    def _is_between(self, upper: Slice, link: Slice, lower: Slice) -> bool:
        older = is_newer(upper.last_at, link.first_at)
        return self.ordered and older and is_newer(link.last_at, lower.first_at)

    def _next_aim(self, link: Slice, lower: Slice) -> int:
        if not link.digests:
            return max(1, link.offset)
        # No times to go by: search outwards from where the seam was, at worst up to the top.
        step = (lower.tries // 2 + 1) * max(1, link.per_page // 2)
        return max(1, lower.offset + (step if lower.tries % 2 else -step))


def _upper_bounds(slices: Sequence[Slice], levels: Sequence[Level]) -> list[float]:
    bounds: list[float] = []
    for one, level in zip(slices, levels, strict=True):
        known = level[1] if level else inf
        carried = inf
        if bounds and one.seam is Seam.WAITING:
            carried = bounds[-1]
        elif bounds and one.shift is not None:
            carried = bounds[-1] + one.shift
        bounds.append(min(known, carried))
    return bounds


def _lower_bounds(slices: Sequence[Slice], levels: Sequence[Level]) -> list[float]:
    bounds: list[float] = []
    below = None
    for one, level in zip(reversed(slices), reversed(levels), strict=True):
        known = level[0] if level else -inf
        carried = -inf
        if below and below.seam is Seam.WAITING:
            carried = bounds[-1]
        elif below and below.shift is not None:
            carried = bounds[-1] - below.shift
        bounds.append(max(known, carried))
        below = one
    return bounds[::-1]
