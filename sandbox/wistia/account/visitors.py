"""The visitor list as the API orders it: newest activity first, and it never stands still."""

from bisect import bisect_left, insort
from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

from sandbox.wistia.account.activity import Calendar
from sandbox.wistia.account.first_visitors import (
    BasePopulation,
    Visitor,
    counts,
    event_key,
    first_seen,
)
from sandbox.wistia.account.people import Registry, choose_agent
from sandbox.wistia.chance import stream
from sandbox.wistia.clock import in_milliseconds


class Visit(NamedTuple):
    """One visitor's newest activity since the start; sorts by moment, then by order of arrival."""

    at: int
    order: int
    number: int


class VisitorList:
    """Everyone in the account, by place.

    Who did nothing since the start stays where the formula put it (`base`); `moved` are the
    numbers that left their place there. Whoever came since stands in `front`, oldest first, so
    that an arrival is an append.
    """

    def __init__(self, seed: int, size: int, calendar: Calendar, registry: Registry) -> None:
        """Start with `size` visitors, none of them active after the calendar's start."""
        self.seed, self.registry = seed, registry
        self.base = BasePopulation(seed, size, calendar)
        self.start = calendar.start
        self.front: list[Visit] = []
        self.moved: list[int] = []
        self._visits: dict[int, Visit] = {}
        self._extra: dict[int, tuple[int, int]] = {}
        self._first_visits: list[int] = []
        self._order = 0

    def __len__(self) -> int:
        """Return how many visitors the list holds."""
        return len(self.front) + self.base.size - len(self.moved)

    def numbers(self, offset: int = 0) -> Iterator[int]:
        """Yield the visitors' numbers from a place on, newest activity first."""
        for place in range(offset, len(self.front)):
            yield self.front[-1 - place].number
        number, moved = self._base_place(max(offset - len(self.front), 0))
        while number < self.base.size:
            if moved < len(self.moved) and self.moved[moved] == number:
                moved += 1
            else:
                yield number
            number += 1

    def page(self, offset: int, limit: int) -> list[Visitor]:
        """Return at most `limit` visitors from a place on."""
        return [self.visitor(number) for number in islice(self.numbers(offset), limit)]

    def visitor(self, number: int) -> Visitor:
        """Return a visitor's present state."""
        visit = self._visits.get(number)
        state = self._original(number)
        if visit is None:
            return state
        loads, plays = self._extra.get(number, (0, 0))
        return state._replace(
            last_active_at=visit.at,
            load_count=state.load_count + loads,
            play_count=state.play_count + plays,
        )

    def arrive(self, at: int) -> int:
        """Let a new visitor come at a moment not before any earlier one; return its number."""
        number = self.base.size + len(self._first_visits)
        self._first_visits.append(at)
        self._enter(number, at)
        return number

    def come_back(self, place: int, at: int) -> int:
        """Let the visitor at a place return: it moves to the front, its counts grow."""
        number = next(self.numbers(place))
        self._leave(number)
        loads, plays = self._extra.get(number, (0, 0))
        self._extra[number] = (loads + 1, plays + 1)
        self._enter(number, at)
        return number

    def delete(self, place: int) -> int:
        """Remove the visitor at a place for good; return its number."""
        number = next(self.numbers(place))
        self._leave(number)
        return number

    def body(self, visitor: Visitor) -> dict[str, object]:
        """Return a visitor as the API writes it."""
        identity = self.registry.identity(visitor.number)
        gate = visitor.created_at if identity.by_email_gate else None
        return {
            "visitor_key": self.registry.key(visitor.number),
            "created_at": in_milliseconds(visitor.created_at),
            "last_active_at": in_milliseconds(visitor.last_active_at),
            "last_event_key": self.key_of_play(visitor.number, visitor.last_active_at),
            "load_count": visitor.load_count,
            "play_count": visitor.play_count,
            "identifying_event_key": gate and self.key_of_play(visitor.number, gate),
            "visitor_identity": identity.body(),
            "user_agent_details": visitor.agent.body(),
        }

    def key_of_play(self, number: int, at: int) -> str:
        """Return the event key of what a visitor played at a moment."""
        return event_key(self.seed, number, at, self.start)

    def _enter(self, number: int, at: int) -> None:
        self._order += 1
        visit = Visit(at, self._order, number)
        self._visits[number] = visit
        insort(self.front, visit)

    def _leave(self, number: int) -> None:
        visit = self._visits.pop(number, None)
        if visit is not None:
            self.front.pop(bisect_left(self.front, visit))
        else:
            insort(self.moved, number)

    def _base_place(self, place: int) -> tuple[int, int]:
        """Return (number at this place among those who stayed, how many before it left)."""
        low, high = 0, len(self.moved)
        while low < high:
            middle = (low + high) // 2
            if self.moved[middle] - middle <= place:
                low = middle + 1
            else:
                high = middle
        return place + low, low

    def _original(self, number: int) -> Visitor:
        if number < self.base.size:
            return self.base.visitor(number)
        at = self._first_visits[number - self.base.size]
        chance = stream(self.seed, "arrival", number)
        # An arrival is never created in the account's future, so never after it was active.
        created = at - abs(first_seen(chance))
        return Visitor(number, created, at, *counts(chance, visits=1), choose_agent(chance))
