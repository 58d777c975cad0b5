"""When the account's people were active: shares of all activity against moments of time."""

from bisect import bisect_right
from itertools import accumulate

from sandbox.wistia.chance import stream
from sandbox.wistia.clock import HOUR

# 2024-01-01 to the first run: the oldest `last_active_at` ever seen in the list.
HISTORY_DAYS = 738

# Relative traffic of the hours 23 to 0 UTC, newest first: an audience in North America.
_HOURS = (9, 10, 11, 12, 13, 14, 15, 15, 14, 13, 11, 9, 7, 5, 4, 3, 3, 3, 4, 4, 5, 6, 7, 8)
_QUIET_DAYS = (2, 3)


class Calendar:
    """The account's past as a curve: what share of all activity lies after a moment.

    Shares run from 0 (the newest) to 1 (the oldest), so a visitor's place in a list sorted by
    activity is its share times the number of visitors. Days near the end hold about 188 of
    110,471 visitors, the first ones about 115, and single days up to half more.
    """

    def __init__(self, seed: int, start: int) -> None:
        """Lay out the hours before `start`, the moment of the newest activity."""
        self.start = start
        chance = stream(seed, "days")
        weights: list[float] = []
        for day in range(HISTORY_DAYS):
            trend = 1.25 - 0.5 * day / HISTORY_DAYS
            mood = min(max(chance.gauss(1.0, 0.16), 0.65), 1.55)
            quiet = 0.8 if day % 7 in _QUIET_DAYS else 1.0
            weights += [trend * mood * quiet * hour for hour in _HOURS]
        total = sum(weights)
        self._shares = [0.0, *(weight / total for weight in accumulate(weights))]
        self._shares[-1] = 1.0

    def moment(self, share: float) -> float:
        """Return when a share of activity lies, in seconds since 1970."""
        hour = min(bisect_right(self._shares, share), len(self._shares) - 1) - 1
        begin, end = self._shares[hour], self._shares[hour + 1]
        return self.start - HOUR * (hour + (share - begin) / (end - begin))

    def share(self, moment: float) -> float:
        """Return the share of activity after a moment; 0 from the start on, 1 before it all."""
        hours = (self.start - moment) / HOUR
        if hours <= 0:
            return 0.0
        hour = int(hours)
        if hour >= len(self._shares) - 1:
            return 1.0
        begin, end = self._shares[hour], self._shares[hour + 1]
        return begin + (hours - hour) * (end - begin)
