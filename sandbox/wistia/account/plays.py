"""Who played which video when: the account's events before they are written out."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple

from sandbox.wistia.account.first_visitors import LONGEST_SITTING, Visitor
from sandbox.wistia.account.world import World
from sandbox.wistia.chance import fraction
from sandbox.wistia.clock import DAY, HOUR

# Events are about 98.8 % of plays.
EVENTS_PER_PLAY = 0.988
# About 1 event of 2,441 arrives more than an hour late, once it was 14 hours.
LATE_SHARE, LATE_FROM, LATE_TO = 1 / 2441, HOUR, 14 * HOUR
REPEAT_SHARE = 1 / 400

# Purposes of repeatable draws about one play.
_WHAT, _LATE, _DELAY, _REPEAT = 21, 22, 23, 24


class Received(NamedTuple):
    """One event as it arrived; sorts by when. A repeat has the play's key and a later time."""

    received_at: int
    at: int
    number: int
    medium: int
    repeat: bool


class Plays:
    """Every event of an account, a UTC day at a time, made on request.

    Before the start the visitors' activities are the plays: a share of them, drawn by visitor,
    was of the account's media, so that all events together are 98.8 % of the published plays;
    the others were of media that have since been deleted, whose events the API no longer has.
    Since the start events are what `advance` was told of.
    """

    def __init__(self, world: World) -> None:
        self.world = world
        fame = [medium.play_count for medium in world.library]
        total = sum(fame)
        self._media = [sum(fame[: place + 1]) / total for place in range(len(fame))]
        # A visitor has 1.13 plays on average: its last, and for some an earlier one.
        size = max(world.visitors_at_start, 1)
        self._share = min(EVENTS_PER_PLAY * total / (1.132 * size), 1.0)
        self._day = lru_cache(maxsize=1024)(self._read_day)

    def days(self, begin: int, end: int) -> Iterator[list[Received]]:
        """Yield the events received on each UTC day in [begin, end), newest first."""
        for start in range(end - DAY, begin - DAY, -DAY):
            since = self._since_start(start, start + DAY)
            events = self._day(start)
            if since or start + DAY > self.world.calendar.start:
                seen = [event for event in events if event.received_at <= self.world.now]
                events = sorted([*since, *seen], reverse=True)
            yield [event for event in events if event.medium < len(self.world.library)]

    def _since_start(self, begin: int, end: int) -> list[Received]:
        plays, end = self.world.plays, min(end, self.world.now + 1)
        first = bisect_left(plays, (begin - LATE_TO - HOUR,))
        last = bisect_left(plays, (end,))
        received = self._arrivals((p.at, p.number, p.medium) for p in plays[first:last])
        return [event for event in received if begin <= event.received_at < end]

    def _read_day(self, start: int) -> list[Received]:
        """Return the events of activities before the account's start, received on one day."""
        base, begin, end = self.world.people.base, start - LATE_TO - HOUR, start + DAY
        plays: list[tuple[int, int, int]] = []
        for row in base.last_active_between(begin, end + LONGEST_SITTING):
            plays += self._last_plays(row)
        for number in base.earlier_visitors(begin, end):
            plays += self._play(number, base.earlier_visit(number))
        received = (event for event in self._arrivals(plays) if start <= event.received_at < end)
        return sorted(received, reverse=True)

    def _last_plays(self, row: Visitor) -> list[tuple[int, int, int]]:
        """Return a visitor's last play, and the one before it in the same sitting."""
        plays = self._play(row.number, row.last_active_at)
        sitting = self.world.people.base.sitting(row.number)
        if sitting:
            plays += self._play(row.number, row.last_active_at - sitting)
        return plays

    def _play(self, number: int, at: int) -> list[tuple[int, int, int]]:
        """Return what a visitor played at a moment, nothing when the video is gone."""
        draw = self._draw(number, at, _WHAT) / self._share if self._media else 1.0
        media = (place for place, limit in enumerate(self._media) if draw < limit)
        return [(at, number, place) for place in media][:1]

    def _arrivals(self, plays: Iterable[tuple[int, int, int]]) -> list[Received]:
        events = []
        for at, number, medium in plays:
            late = self._draw(number, at, _LATE)
            delay = 2 + int(300 * self._draw(number, at, _DELAY) ** 3)
            if late < LATE_SHARE:
                delay = LATE_FROM + int(late / LATE_SHARE * (LATE_TO - LATE_FROM))
            events.append(Received(at + delay, at, number, medium, repeat=False))
            again = self._draw(number, at, _REPEAT)
            if again < REPEAT_SHARE:
                delay += 5 + int(again / REPEAT_SHARE * 900)
                events.append(Received(at + delay, at, number, medium, repeat=True))
        return events

    def _draw(self, number: int, at: int, purpose: int) -> float:
        since = at - self.world.calendar.start
        return fraction(self.world.seed ^ since, number, purpose)
