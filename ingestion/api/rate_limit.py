"""How fast requests leave: one pacer per account, and how many may be in flight at once."""

from __future__ import annotations

import math
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

# A pacer at 597 a minute was seen as 609 in the busiest sliding minute of the server: the network
# bunches what leaves evenly. 95 % of 600 leaves room for that.
_SHARE_OF_LIMIT = 0.95
MOST_IN_FLIGHT, _UNPACED = 64, 8
_FIRST_GUESS_SECONDS = 1.2
_HEADROOM = 1.05


class Pacer:
    """Lets one request pass at a time, evenly spaced; every attempt takes a slot, retries too.

    Threads queue on a lock and only the first of them sleeps, so a stalled machine or the end of a
    `hold` wakes one sender, never a crowd. A sender that wakes late gives back at most one slot: no
    60 seconds ever see more than 60 / spacing + 2 requests leave, 572 at a limit of 600.

    Without a limit (0 or None) it never waits but still honours `hold`. The clock is monotonic;
    `sleep` may wake early.
    """

    def __init__(
        self,
        requests_per_minute: float | None,
        clock: Callable[[], float],
        sleep: Callable[[float], None],
    ) -> None:
        self._spacing = 60 / (requests_per_minute * _SHARE_OF_LIMIT) if requests_per_minute else 0.0
        self._clock = clock
        self._sleep = sleep
        self._turn, self._holding = threading.Lock(), threading.Lock()
        self._next = clock()
        self._held_until = self._next

    def wait(self) -> None:
        """Return when the caller may send its request, now."""
        with self._turn:
            while (seconds := max(self._next, self._held_until) - self._clock()) > 0:
                self._sleep(seconds)
            due = max(self._next, self._held_until, self._clock() - self._spacing)
            self._next = due + self._spacing

    def hold(self, seconds: float) -> None:
        """Let nobody send for so many seconds from now, those already waiting included."""
        with self._holding:
            self._held_until = max(self._held_until, self._clock() + seconds)


class InFlight:
    """How many requests to keep in flight: latency times rate, which is Little's law.

    At 570 requests a minute that is 12 where an answer takes 1.2 s and 55 where it takes 5.5 s.
    Without a rate there is nothing to multiply and 8 are enough to keep a near server busy.
    """

    def __init__(self, requests_per_minute: float | None) -> None:
        self._per_second = (requests_per_minute or 0) * _SHARE_OF_LIMIT / 60
        self._latency = _FIRST_GUESS_SECONDS

    @property
    def target(self) -> int:
        """Requests in flight that keep the pacer busy, 1 to 64."""
        if not self._per_second:
            return _UNPACED
        wanted = math.ceil(self._per_second * self._latency * _HEADROOM)
        return min(MOST_IN_FLIGHT, max(1, wanted))

    def observe(self, seconds: float) -> None:
        """Learn from one answer; a rise is followed fast, a fall slowly."""
        weight = 0.5 if seconds > self._latency else 0.05
        self._latency += weight * (seconds - self._latency)
