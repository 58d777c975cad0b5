"""How often something may be tried, and how fast a password guessed.

Whoever guesses much waits for each further answer, one at a time, and only at their own
address. So nobody can lock out the person who knows the password: not from elsewhere, and
from the same address only for seconds.
"""

from __future__ import annotations

import asyncio
import ipaddress
import threading
from collections import defaultdict, deque
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from reports.server.answers import Refusal

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

# A person mistypes a few times; after that a guess costs seconds.
_FREE = 5
_WINDOW_SECONDS = 300
_PAUSE_SECONDS = 2.0
_MOST_WAITING = 5


class Limit:
    """So many tries by one key in a window of seconds."""

    def __init__(self, most: int, seconds: float, clock: Callable[[], float]) -> None:
        self._most, self._seconds, self._clock = most, seconds, clock
        self._tries: dict[str, deque[float]] = defaultdict(deque)
        self._lock = threading.Lock()

    def wait(self, key: str) -> float:
        """Seconds until this key may try again; 0 when it may now."""
        with self._lock:
            now = self._clock()
            for other, tries in list(self._tries.items()):
                while tries and tries[0] <= now - self._seconds:
                    tries.popleft()
                if not tries:
                    del self._tries[other]
            tries = self._tries.get(key, deque())
            return 0.0 if len(tries) < self._most else tries[-self._most] + self._seconds - now

    def count(self, key: str) -> None:
        """Count one try of this key."""
        with self._lock:
            self._tries[key].append(self._clock())

    def clear(self, key: str) -> None:
        """Forget this key's tries."""
        with self._lock:
            self._tries.pop(key, None)


@dataclass(slots=True)
class _Line:
    """Those of one address who wait for their turn."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    waiting: int = 0


class Guesses:
    """Gives each attempt its turn."""

    def __init__(
        self,
        clock: Callable[[], float],
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._limit = Limit(_FREE, _WINDOW_SECONDS, clock)
        self._sleep = sleep
        self._lines: defaultdict[str, _Line] = defaultdict(_Line)

    async def judge(self, address: str, *, is_right: bool) -> None:
        """Answer a guess at this address's turn; a right one clears its count."""
        client = _network(address)
        is_slowed = self._limit.wait(client) > 0
        async with self._in_line(client) if is_slowed else nullcontext():
            if not is_right:
                self._limit.count(client)
                raise _too_many() if is_slowed else _wrong()
            self._limit.clear(client)

    @asynccontextmanager
    async def _in_line(self, client: str) -> AsyncIterator[None]:
        line = self._lines[client]
        if line.waiting >= _MOST_WAITING:
            raise _too_many()
        line.waiting += 1
        try:
            async with line.lock:
                await self._sleep(_PAUSE_SECONDS)
                yield
        finally:
            line.waiting -= 1
            if not line.waiting:
                self._lines.pop(client, None)


def _wrong() -> Refusal:
    return Refusal(401, "That is not the password.", "it is the one in OPERATIONS_PASSWORD")


def _too_many() -> Refusal:
    seconds = int(_PAUSE_SECONDS * _MOST_WAITING)
    return Refusal(
        429,
        "Too many wrong passwords.",
        f"wait {seconds} seconds and try the one in OPERATIONS_PASSWORD",
        retry_after=seconds,
    )


def _network(address: str) -> str:
    # One household or server has a whole /64 of IPv6 addresses to guess from.
    try:
        return str(ipaddress.ip_network((ipaddress.IPv6Address(address), 64), strict=False))
    except ValueError:
        return address
