"""A clock for tests."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta


@dataclass
class Clock:
    """UTC; each look is a millisecond later than the one before."""

    now: datetime = datetime(2026, 1, 9, 0, 1, 48, tzinfo=UTC)

    def __call__(self) -> datetime:
        self.now += timedelta(milliseconds=1)
        return self.now
