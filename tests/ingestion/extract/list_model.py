"""A list that moves while it is paged, and a driver for crawls of it, both in virtual time."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from hashlib import blake2b
from itertools import count
from typing import TYPE_CHECKING, Protocol, cast

from ingestion.extract.visitor_list.crawl import Landed, Read, Row

if TYPE_CHECKING:
    from collections.abc import Sequence

EPOCH = datetime(2026, 1, 9, tzinfo=UTC)
State = tuple[str, datetime | None]
# Latency in seconds, and the part of it that has passed when the server cuts the page.
Timing = Callable[[Read], tuple[float, float]]


def moment(seconds: float) -> datetime:
    return EPOCH + timedelta(seconds=seconds)


def row_of(state: State) -> Row:
    key, at = state
    return Row(at, blake2b(f"{key} {at}".encode(), digest_size=8).digest(), state)


@dataclass
class MovingList:
    """Visitors, newest activity first."""

    states: list[State]
    cap: int = 100

    @classmethod
    def of(cls, visitors: int, *, seconds_between: float = 60, cap: int = 100) -> MovingList:
        return cls([(f"v{i}", moment(-(i + 1) * seconds_between)) for i in range(visitors)], cap)

    def page(self, page: int, per_page: int) -> list[State]:
        size = min(per_page, self.cap)
        return self.states[(page - 1) * size : page * size]

    def arrive(self, key: str, now: float) -> None:
        self.states.insert(0, (key, moment(now)))

    def come_back(self, place: int, now: float) -> None:
        if self.states:
            key, _ = self.states.pop(place % len(self.states))
            self.arrive(key, now)

    def delete(self, place: int) -> None:
        if self.states:
            self.states.pop(place % len(self.states))

    def keys(self) -> set[str]:
        return {key for key, _ in self.states}


@dataclass(frozen=True)
class Change:
    """What happens to the list at `at` seconds: arrive, return, delete, cap or flash.

    A flash is a visitor who arrives and is deleted `stay` seconds later.
    """

    at: float
    kind: str
    place: int = 0
    stay: float = 0


class Machine(Protocol):
    """What a driver needs of a crawl."""

    @property
    def done(self) -> bool: ...
    def ready(self, limit: int) -> list[Read]: ...
    def receive(self, read: Read, rows: Sequence[Row]) -> None: ...
    def take(self) -> list[Landed]: ...


@dataclass
class World:
    """The list, what happens to it, and all that crawls of it have landed."""

    model: MovingList
    changes: list[Change] = field(default_factory=list)
    timing: Timing = lambda _read: (1.0, 0.5)
    now: float = 0.0
    landed: list[State] = field(default_factory=list)
    requests: int = 0

    def __post_init__(self) -> None:
        self._number = count()
        self._to_come: list[tuple[float, int, Callable[[], None]]] = []
        for change in self.changes:
            self.happen(change)

    def happen(self, change: Change) -> None:
        """Let a change happen when its time comes."""
        self._plan(change.at, partial(self._apply, change))

    def _plan(self, at: float, what: Callable[[], None]) -> None:
        heapq.heappush(self._to_come, (at, next(self._number), what))

    def _apply(self, change: Change) -> None:
        if change.kind == "arrive":
            self.model.arrive(f"new{next(self._number)}", self.now)
        elif change.kind == "return":
            self.model.come_back(change.place, self.now)
        elif change.kind == "delete":
            self.model.delete(change.place)
        elif change.kind == "cap":
            self.model.cap = change.place
        elif change.kind == "flash":
            key = f"flash{next(self._number)}"
            self.model.arrive(key, self.now)
            self._plan(self.now + change.stay, partial(self._vanish, key))

    def _vanish(self, key: str) -> None:
        self.model.states = [state for state in self.model.states if state[0] != key]

    def pass_until(self, when: float) -> None:
        """Let happen what happens up to a time."""
        while self._to_come and self._to_come[0][0] <= when:
            self.now, _, what = heapq.heappop(self._to_come)
            what()
        self.now = when

    def missing(self, wanted: set[str]) -> set[str]:
        """Visitors of `wanted` still in the list that no crawl has landed."""
        return (wanted & self.model.keys()) - {key for key, _ in self.landed}

    def stale(self) -> set[str]:
        """Visitors whose present state no crawl has landed."""
        return {key for key, _ in set(self.model.states) - set(self.landed)}


@dataclass
class Driver:
    """Sends what a crawl wants, paced, and hands it the answers when they come."""

    world: World
    crawl: Machine
    in_flight: int = 8
    spacing: float = 0.0

    def __post_init__(self) -> None:
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._number = count()
        self._busy = self.answers = 0
        self._next_slot = self.world.now
        self._sleeping = False

    def run(self, answers: int | None = None) -> None:
        """Drive the crawl to its end, or kill it after so many answers."""
        self._send()
        while not self.crawl.done and self.answers != answers:
            if not self._events:
                raise AssertionError("the crawl neither asks nor ends")
            when, _, what = heapq.heappop(self._events)
            self.world.pass_until(when)
            what()

    def _at(self, when: float, what: Callable[[], None]) -> None:
        heapq.heappush(self._events, (when, next(self._number), what))

    def _wake(self) -> None:
        self._sleeping = False
        self._send()

    def _send(self) -> None:
        world = self.world
        while self._busy < self.in_flight and not self._sleeping:
            if world.now < self._next_slot:
                self._sleeping = True
                self._at(self._next_slot, self._wake)
                return
            reads = self.crawl.ready(1)
            if not reads:
                return
            self._busy += 1
            world.requests += 1
            self._next_slot = world.now + self.spacing
            latency, part = world.timing(reads[0])
            self._at(world.now + latency * part, partial(self._cut, reads[0], latency * (1 - part)))

    def _cut(self, read: Read, rest: float) -> None:
        rows = [row_of(state) for state in self.world.model.page(read.page, read.per_page)]
        self._at(self.world.now + rest, partial(self._answer, read, rows))

    def _answer(self, read: Read, rows: list[Row]) -> None:
        self._busy -= 1
        self.answers += 1
        self.crawl.receive(read, rows)
        for landed in self.crawl.take():
            self.world.landed += [cast("State", row.record) for row in landed.rows]
        self._send()
