"""Requests side by side, as many as keep the account's limit busy; answers in the order asked.

The one limiter is the client's: whoever is sent waits there for its turn.
"""

from __future__ import annotations

import threading
from collections import deque
from concurrent.futures import Future
from itertools import count
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Generic, TypeVar

from ingestion.api.rate_limit import MOST_IN_FLIGHT, InFlight
from ingestion.config.deadline import settle
from ingestion.config.errors import IngestionError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

T = TypeVar("T")
A = TypeVar("A")
# Seconds without any answer, after which what is out is held to hang: of the many in flight one
# comes every tenth of a second, and what hung on the real API took 28 to 41.
SILENCE = 5.0
# So many more wait at the limiter for the moments in which an answer is loaded and none is sent.
_SPARE = 8


class Readers(Generic[T, A]):
    """Reads many at a time, each in a thread of its own, as many as keep the limit busy.

    The threads are daemons: a process that is done, or stopped, never waits for an answer that does
    not come.
    """

    def __init__(self, fetch: Callable[[T], A], limit: InFlight) -> None:
        self._fetch, self._limit = fetch, limit
        self._answers: SimpleQueue[tuple[T, Future[A]]] = SimpleQueue()
        self.in_flight = 0

    @property
    def room(self) -> int:
        """How many more to send now, so that the limit is used and nothing queues."""
        return self._limit.target - self.in_flight

    def send(self, read: T) -> None:
        """Begin to read."""
        self.in_flight += 1
        threading.Thread(target=self._answer, args=(read,), daemon=True).start()

    def receive(self, seconds: float | None = None) -> tuple[T, A]:
        """The next answer, whichever comes first; an error is raised here.

        Raises `Empty` where nothing came in so many seconds.
        """
        read, answer = self._answers.get(timeout=seconds)
        self.in_flight -= 1
        return read, answer.result()

    def _answer(self, read: T) -> None:
        answer = Future[A]()
        settle(answer, lambda: self._fetch(read))
        self._answers.put((read, answer))


def read_in_order(
    fetch: Callable[[T], A], waiting: deque[T], in_flight: InFlight, most_ahead: int
) -> Generator[tuple[T, A | IngestionError] | None]:
    """Read side by side and give the answers in the order of what was asked.

    Whoever is slow delays no other: the answers behind it, `most_ahead` at most, wait for it until
    nothing has come for `SILENCE` seconds. Then they are given, and it when it comes. What is added
    to `waiting` while answers are taken is read too, in the same order however fast they come.

    Yields what was asked, with its answer or the error that it ended with. None, again and again,
    while only what hangs is left: the caller may do something else meanwhile.
    """

    def attempt(numbered: tuple[int, T]) -> A | IngestionError:
        try:
            return fetch(numbered[1])
        except IngestionError as error:
            return error

    readers, numbers = Readers(attempt, in_flight), count()
    places, hanging = deque[int](), set[int]()
    arrived: dict[int, tuple[T, A | IngestionError]] = {}
    while waiting or readers.in_flight or places:
        room = min(readers.room + _SPARE + len(hanging), MOST_IN_FLIGHT - readers.in_flight)
        for _ in range(min(room, most_ahead - len(places), len(waiting))):
            places.append(next(numbers))
            readers.send((places[-1], waiting.popleft()))
        if places and places[0] in arrived:
            yield arrived.pop(places.popleft())
            continue
        try:
            (place, asked), answer = readers.receive(SILENCE)
        except Empty:
            hanging.update(place for place in places if place not in arrived)
            places = deque(place for place in places if place in arrived)
            if not places and not waiting:
                yield None
            continue
        if place in hanging:
            hanging.remove(place)
            yield asked, answer
        else:
            arrived[place] = asked, answer
