"""How fast a password may be guessed: slower and slower, and never a lock-out.

Whoever guesses much waits for each further answer, one at a time, and only at their own
address. So nobody can lock out the person who knows the password: not from elsewhere, and
from the same address only for seconds.
"""

from __future__ import annotations

import asyncio
import ipaddress
from collections import defaultdict
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from reports.server.answers import Refusal
from reports.server.limits import Limit

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

# A person mistypes a few times; after that a guess costs seconds.
_FREE = 5
_WINDOW_SECONDS = 300
_PAUSE_SECONDS = 2.0
_MOST_WAITING = 5


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
        """Answer a guess at this address's turn; a right one clears its count.

        Raises:
            Refusal: It is wrong (401), wrong again after many, or too many wait in line (429).
        """
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
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    return str(ipaddress.ip_network((found, 64), strict=False)) if found.version == 6 else address  # noqa: PLR2004
