"""The visitors the account starts with, made from a formula on request and never stored."""

from functools import lru_cache
from random import Random
from typing import NamedTuple

from sandbox.wistia.account.activity import Calendar
from sandbox.wistia.account.people import Agent, choose_agent
from sandbox.wistia.chance import digest, fraction, stream

# Rows are made in blocks: inside one their moments are as irregular as real ones, which gives
# ties within a second as often as measured (25 in 11,850), and blocks never overlap.
BLOCK = 64
_RETURNING_EVERY = 19  # 5.3 % of visitors come back
_SITTING_SHARE = 1 / 12
LONGEST_SITTING = 1260  # seconds
# Measured: 7.4 % of all visitors are created up to 113 s after their last activity, and 3.3 %
# play more than they load. The first is the share among those who came once.
AHEAD_SHARE, MOST_AHEAD = 0.085, 113
MORE_PLAYS_SHARE = 0.033
_AT_ONCE_SHARE = 0.5
_LONGEST_GAP = 0.12  # of the whole history, about 90 days


class Visitor(NamedTuple):
    """One visitor's state; moments in seconds since 1970."""

    number: int
    created_at: int
    last_active_at: int
    load_count: int
    play_count: int
    agent: Agent


class BasePopulation:
    """`size` visitors numbered from 0, the newest activity first."""

    def __init__(self, seed: int, size: int, calendar: Calendar) -> None:
        self.seed, self.size, self.calendar = seed, size, calendar
        self.block = lru_cache(maxsize=1024)(self._make_block)

    def visitor(self, number: int) -> Visitor:
        """Return one of the visitors that the account starts with."""
        return self.block(number // BLOCK)[number % BLOCK]

    def is_returning(self, number: int) -> bool:
        """Return whether the visitor had come before its last activity."""
        return number < self.size and number % _RETURNING_EVERY == _RETURNING_EVERY // 2

    def earlier_visit(self, number: int) -> int:
        """Return when a returning visitor came first; a function of its number alone."""
        gap = _LONGEST_GAP * fraction(self.seed, number, 1) ** 3
        return int(self.calendar.moment(min((number + BLOCK) / self.size + gap, 1.0)))

    def sitting(self, number: int) -> int:
        """Return the seconds between two plays in one sitting; 0 for those who played once."""
        draw = fraction(self.seed, number, 2)
        if draw >= _SITTING_SHARE or self.is_returning(number):
            return 0
        return 60 + int(draw / _SITTING_SHARE * (LONGEST_SITTING - 60))

    def earlier_visitors(self, begin: float, end: float) -> list[int]:
        """Return the numbers of returning visitors whose earlier visit lies in [begin, end)."""
        first = int((self.calendar.share(end) - _LONGEST_GAP) * self.size) - 2 * BLOCK
        last = int(self.calendar.share(begin) * self.size) + 1
        step, offset = _RETURNING_EVERY, _RETURNING_EVERY // 2
        first = max(first, 0)
        first += (offset - first) % step
        numbers = range(first, min(last, self.size), step)
        return [number for number in numbers if begin <= self.earlier_visit(number) < end]

    def last_active_between(self, begin: float, end: float) -> list[Visitor]:
        """Return the visitors whose starting `last_active_at` lies in [begin, end)."""
        first = int(self.calendar.share(end) * self.size) // BLOCK
        last = int(self.calendar.share(begin) * self.size) // BLOCK
        blocks = range(max(first - 1, 0), min(last + 1, (self.size - 1) // BLOCK) + 1)
        rows = (row for index in blocks for row in self.block(index))
        return [row for row in rows if begin <= row.last_active_at < end]

    def _make_block(self, index: int) -> list[Visitor]:
        chance = stream(self.seed, "visitors", index)
        first = index * BLOCK
        count = min(BLOCK, self.size - first)
        shares = sorted((first + chance.random() * count) / self.size for _ in range(count))
        moments = (int(self.calendar.moment(share)) for share in shares)
        return [self._make(first + place, at, chance) for place, at in enumerate(moments)]

    def _make(self, number: int, at: int, chance: Random) -> Visitor:
        returning, sitting = self.is_returning(number), self.sitting(number)
        created = at - sitting if sitting else at + first_seen(chance)
        if returning:
            created = self.earlier_visit(number)
        loads, plays = counts(chance, visits=2 if returning or sitting else 1)
        # The last stretch of the history ends at the clock: nobody is created after it.
        created = min(created, self.calendar.start)
        return Visitor(number, created, at, loads, plays, choose_agent(chance))


def first_seen(chance: Random) -> int:
    """Return the seconds from `last_active_at` to `created_at` of somebody who came once."""
    draw = chance.random()
    if draw < AHEAD_SHARE:
        return 1 + int(MOST_AHEAD * chance.random() ** 2)
    return 0 if draw < _AT_ONCE_SHARE else -int(chance.expovariate(1 / 20))


def counts(chance: Random, visits: int) -> tuple[int, int]:
    """Return (loads, plays) of somebody who came `visits` times."""
    if chance.random() < MORE_PLAYS_SHARE:
        loads = visits - 1 + chance.choices((0, 1), weights=(4, 1))[0]
        return loads, loads + 1
    plays = visits + min(int(chance.expovariate(1.6)), 40)
    return plays + min(int(chance.expovariate(0.9)), 60), plays


def event_key(seed: int, number: int, at: int, start: int) -> str:
    """Return the key of what a visitor played at a moment: milliseconds, a letter, a fraction.

    The random part depends on the distance to the history's start only, so that a history moved
    by whole days keeps it.
    """
    word = int(digest(12, seed, "event", number, at - start), 16)
    word, milliseconds = divmod(word, 1000)
    word, letter = divmod(word, 6)
    return f"{at * 1000 + milliseconds}{'abcdef'[letter]}0.{word % 10**16:016d}"
