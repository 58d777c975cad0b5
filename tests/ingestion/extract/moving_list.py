"""A list that moves while it is paged, and a reader of it, both in virtual time."""

from __future__ import annotations

import heapq
import math
import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from hashlib import blake2b
from itertools import count
from typing import TYPE_CHECKING, cast

from ingestion.api.parallel import Readers
from ingestion.extract.drifting_list import Crawl, Resume
from ingestion.extract.window import Request, Row, Window

if TYPE_CHECKING:
    from collections.abc import Iterable

EPOCH = datetime(2026, 1, 9, tzinfo=UTC)
State = tuple[str, datetime | None]
# Latency in seconds, and the part of it that has passed when the server cuts the page.
Timing = Callable[[Request], tuple[float, float]]


def moment(seconds: float) -> datetime:
    return EPOCH + timedelta(seconds=seconds)


def row_of(state: State) -> Row:
    key, at = state
    return Row(at, blake2b(f"{key} {at}".encode(), digest_size=8).hexdigest(), state)


def people(count: int, seconds_between: float = 60) -> list[State]:
    """Visitors, newest activity first."""
    return [(f"v{i}", moment(-(i + 1) * seconds_between)) for i in range(count)]


def jumbled(seed: int, spread: float) -> Timing:
    """Latencies of 1 to 1 + 4 x spread seconds; the page is cut at any instant in between."""
    chance = random.Random(seed)  # noqa: S311 - a schedule, not a secret
    return lambda _request: (chance.uniform(1, 1 + 4 * spread), chance.random())


def as_measured(seed: int = 1, spread: float = 0.2) -> Timing:
    """1.2 s at the front, 5.5 s at page 1,100, give or take a fifth."""
    chance = random.Random(seed)  # noqa: S311 - a schedule, not a secret

    def timing(request: Request) -> tuple[float, float]:
        seconds = 1.2 + 4.3 * min(1.0, request.offset / 110_000)
        return seconds * chance.uniform(1 - spread, 1 + spread), chance.random()

    return timing


@dataclass(frozen=True)
class Change:
    """What happens at `at` seconds.

    arrive; return and delete of the visitor at `place`; flash, who arrives and is deleted `stay`
    seconds later; cap, when the server grants `place` rows a page from then on; slow, when pages of
    more than `place` rows are too slow to come.
    """

    at: float
    kind: str
    place: int = 0
    stay: float = 0


@dataclass
class World:
    """The list, what happens to it, and all that crawls of it have given out."""

    states: list[State]
    changes: Iterable[Change] = ()
    timing: Timing = lambda _request: (1.0, 0.5)
    cap: int = 100
    now: float = 0.0
    landed: list[State] = field(default_factory=list)
    asked: list[tuple[int, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.fastest = 100
        self._number = count()
        self._to_come: list[tuple[float, int, Callable[[], None]]] = []
        for change in self.changes:
            self.plan(change.at, partial(self._apply, change))

    @property
    def requests(self) -> int:
        return len(self.asked)

    def plan(self, at: float, what: Callable[[], None]) -> None:
        heapq.heappush(self._to_come, (at, next(self._number), what))

    def _apply(self, change: Change) -> None:
        if change.kind == "arrive":
            self.arrive(f"new{next(self._number)}")
        elif change.kind == "return" and self.states:
            self.arrive(self.states.pop(change.place % len(self.states))[0])
        elif change.kind == "delete" and self.states:
            self.states.pop(change.place % len(self.states))
        elif change.kind == "cap":
            self.cap = change.place
        elif change.kind == "slow":
            self.fastest = change.place
        elif change.kind == "flash":
            key = f"flash{next(self._number)}"
            self.arrive(key)
            self.plan(self.now + change.stay, partial(self._vanish, key))

    def arrive(self, key: str) -> None:
        self.states.insert(0, (key, moment(self.now)))

    def _vanish(self, key: str) -> None:
        self.states = [state for state in self.states if state[0] != key]

    def step(self) -> None:
        """Let the next thing happen."""
        if not self._to_come:
            raise AssertionError("the crawl neither asks nor ends")
        self.now, _, what = heapq.heappop(self._to_come)
        what()

    def pass_until(self, when: float) -> None:
        """Let happen what happens up to a time."""
        while self._to_come and self._to_come[0][0] <= when:
            self.step()
        self.now = max(self.now, when)

    def page(self, page: int, per_page: int) -> list[State]:
        size = min(per_page, self.cap)
        return self.states[(page - 1) * size : page * size]

    def keys(self) -> set[str]:
        return {key for key, _ in self.states}

    def missing(self, wanted: set[str]) -> set[str]:
        """Visitors of `wanted` still in the list whom no crawl has given out."""
        return (wanted & self.keys()) - {key for key, _ in self.landed}

    def stale(self) -> set[str]:
        """Visitors whose present state no crawl has given out."""
        return {key for key, _ in set(self.states) - set(self.landed)}


class KilledError(Exception):
    """The process that read ended."""


@dataclass
class VirtualReader(Readers[Request, Window]):
    """Sends a crawl's requests, paced, so many at a time; dies after `answers` of them."""

    world: World
    in_flight: int = 8
    spacing: float = 0.0
    answers: int | None = None

    def __post_init__(self) -> None:
        self._queue: deque[Request] = deque()
        self._come: deque[tuple[Request, Window]] = deque()
        self._busy = self.answered = 0
        self._next_slot = self.world.now
        self._is_waking = False
        self._latency = 1.2

    @property
    def room(self) -> int:
        most = self.in_flight
        if self.spacing:  # as the pool in production: latency times rate
            most = min(most, math.ceil(self._latency / self.spacing * 1.05))
        return most - self._busy - len(self._queue)

    def send(self, read: Request) -> None:
        self._queue.append(read)
        self._pump()

    def receive(self, seconds: float | None = None) -> tuple[Request, Window]:
        del seconds  # the virtual ones pass at once
        while not self._come:
            self.world.step()
        if self.answers is not None:
            self.answers -= 1
            if self.answers < 0:
                raise KilledError
        return self._come.popleft()

    def _pump(self) -> None:
        world = self.world
        while self._queue and self._busy < self.in_flight:
            if world.now < self._next_slot:
                if not self._is_waking:
                    self._is_waking = True
                    world.plan(self._next_slot, self._wake)
                return
            request = self._queue.popleft()
            self._busy += 1
            world.asked.append((request.page, request.per_page))
            self._next_slot = world.now + self.spacing
            latency, part = world.timing(request)
            cut = partial(self._cut, request, world.now, latency * (1 - part))
            world.plan(world.now + latency * part, cut)

    def _wake(self) -> None:
        self._is_waking = False
        self._pump()

    def _cut(self, request: Request, sent: float, rest: float) -> None:
        # As the client does: a page too slow to come is asked for with fewer rows.
        per_page = min(request.per_page, self.world.fastest)
        page = request.offset // per_page + 1
        rows = tuple(row_of(state) for state in self.world.page(page, per_page))
        window = Window((page - 1) * per_page, per_page, rows)
        self.world.plan(self.world.now + rest, partial(self._deliver, request, sent, window))

    def _deliver(self, request: Request, sent: float, window: Window) -> None:
        self._busy -= 1
        seconds = self.world.now - sent
        self._latency += (0.5 if seconds > self._latency else 0.05) * (seconds - self._latency)
        self.answered += 1
        self._come.append((request, window))
        self._pump()


def crawl_of(  # noqa: PLR0913 - how it is read
    world: World,
    in_flight: int = 8,
    *,
    size: int = 100,
    bound: datetime | None = None,
    resume: Resume | None = None,
    spacing: float = 0.0,
    answers: int | None = None,
) -> Crawl:
    """A crawl of this world, read to its end, or until it is killed after so many answers."""
    reader = VirtualReader(world, in_flight, spacing, answers)
    crawl = Crawl(reader, lambda: moment(world.now), bound, size, resume)
    try:
        for rows in crawl.fresh_rows():
            world.landed += [cast("State", row.record) for row in rows]
    except KilledError:
        return crawl
    assert answers is None or reader.answers is not None
    return crawl
