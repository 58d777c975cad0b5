"""How often something may be tried: a window of time that forgets what is old."""

from __future__ import annotations

import threading
from collections import defaultdict, deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Limit:
    """So many tries by one key in a window of seconds."""

    def __init__(self, most: int, seconds: float, clock: Callable[[], float]) -> None:
        self._most = most
        self._seconds = seconds
        self._clock = clock
        self._tries: dict[str, deque[float]] = defaultdict(deque)
        self._lock = threading.Lock()

    def wait(self, key: str) -> float:
        """Seconds until this key may try again; 0 when it may now."""
        with self._lock:
            now = self._clock()
            self._forget(now)
            tries = self._tries.get(key, ())
            return 0.0 if len(tries) < self._most else tries[-self._most] + self._seconds - now

    def count(self, key: str) -> None:
        """Count one try of this key."""
        with self._lock:
            self._tries[key].append(self._clock())

    def clear(self, key: str) -> None:
        """Forget this key's tries."""
        with self._lock:
            self._tries.pop(key, None)

    def _forget(self, now: float) -> None:
        for key, tries in list(self._tries.items()):
            while tries and tries[0] <= now - self._seconds:
                tries.popleft()
            if not tries:
                del self._tries[key]
