"""The rate limit and the log of what was asked, one for the whole account."""

from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass
from math import ceil

_KEPT = 20_000  # of the newest requests
WINDOW = 60.0  # seconds


class RateLimit:
    """At most so many requests in any 60 seconds; refused ones do not count."""

    def __init__(self, per_minute: int, clock: Callable[[], float]) -> None:
        """Allow `per_minute` requests, or any number when it is 0; `clock` counts seconds."""
        self.per_minute, self._clock = per_minute, clock
        self._served: deque[float] = deque()

    def wait(self) -> int:
        """Count one request in and return 0, or return the whole seconds until one is free."""
        if not self.per_minute:
            return 0
        now = self._clock()
        while self._served and self._served[0] <= now - WINDOW:
            self._served.popleft()
        if len(self._served) < self.per_minute:
            self._served.append(now)
            return 0
        return max(ceil(self._served[0] + WINDOW - now), 1)


@dataclass(frozen=True)
class Entry:
    """One request as the log keeps it; `at` in seconds since the log's start."""

    at: float
    path: str
    page: int | None
    query: str
    api_version: str
    status: int
    request_id: str


class Log:
    """Counts of everything asked, and the newest requests one by one."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self.clear()

    def clear(self) -> None:
        """Forget everything."""
        self._began = self._clock()
        self._minute: deque[float] = deque()
        self._entries: deque[Entry] = deque(maxlen=_KEPT)
        self._by_path: Counter[str] = Counter()
        self._by_status: Counter[int] = Counter()
        self._busiest = 0
        self._in_flight = 0
        self._most_in_flight = 0

    def begin(self) -> float:
        """Note that a request came; return when, for `end`."""
        now = self._clock()
        self._minute.append(now)
        while self._minute[0] <= now - WINDOW:
            self._minute.popleft()
        self._busiest = max(self._busiest, len(self._minute))
        self._in_flight += 1
        self._most_in_flight = max(self._most_in_flight, self._in_flight)
        return now - self._began

    def end(self, entry: Entry) -> None:
        """Note how a request ended."""
        self._in_flight = max(self._in_flight - 1, 0)
        self._entries.append(entry)
        self._by_path[entry.path] += 1
        self._by_status[entry.status] += 1

    def report(self, newest: int) -> dict[str, object]:
        """Return the counts and the newest so many requests, oldest first."""
        entries = list(self._entries)[-newest:] if newest else []
        return {
            "total": sum(self._by_path.values()),
            "by_path": dict(self._by_path),
            "by_status": {str(status): count for status, count in self._by_status.items()},
            "busiest_minute": self._busiest,
            "most_in_flight": self._most_in_flight,
            "requests": [vars(entry) for entry in entries],
        }
