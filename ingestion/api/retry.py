"""How long a failed GET is tried again: capped, jittered, honouring Retry-After.

The budgets count the seconds waited, so a test with its own sleep is exact.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

from ingestion.api.clock_skew import parse_http_date

if TYPE_CHECKING:
    from ingestion.config.errors import IngestionError

Kind = Literal["connection", "slow", "server", "body", "rate"]
# Tries, and seconds of waiting, that one request may cost. A limit that is waited for
# is no fault of anyone; a body that is never right will not become so.
LONGEST_WAIT_SECONDS = 900.0
_BUDGETS: dict[Kind, tuple[int, float]] = {
    "connection": (6, 30),
    "slow": (2, 30),
    "server": (7, 60),
    "body": (4, 30),
    "rate": (60, LONGEST_WAIT_SECONDS),
}
# Seconds: the longest wait after a first try, doubled after each, and where that ends.
_BACKOFF, _LONGEST_BACKOFF = 0.5, 20.0


@dataclass(eq=False)
class Fault(Exception):  # noqa: N818 - not an error yet: it may heal
    """A failure worth another try, around the error it becomes when none helps."""

    error: IngestionError
    kind: Kind
    wait: float | None = None
    body: bytes = b""


class Patience:
    """How long one request is still waited for; counted by the kind of its faults.

    A storm of 429 must not leave a reset that follows it without any try.
    """

    def __init__(self) -> None:
        self._tries: Counter[Kind] = Counter()
        self._seconds: defaultdict[Kind, float] = defaultdict(float)

    def seconds_after(self, fault: Fault) -> float | None:
        """Count a failed try: how long to wait for the next one, None when it was the last."""
        kind = fault.kind
        tries, most_seconds = _BUDGETS[kind]
        self._tries[kind] += 1
        ceiling = min(_LONGEST_BACKOFF, _BACKOFF * 2 ** (self._tries[kind] - 1))
        jittered = random.uniform(0, ceiling)  # noqa: S311 - no secret hangs on it
        seconds = jittered if fault.wait is None else fault.wait + min(jittered, 1.0)
        self._seconds[kind] += seconds
        is_over = self._tries[kind] >= tries or self._seconds[kind] > most_seconds
        return None if is_over else seconds


def seconds_to_wait(header: str | None, date: str | None = None) -> float | None:
    """Read Retry-After: seconds, or an HTTP date held against the server's own clock.

    Never negative; None for no header or nonsense.
    """
    try:
        return None if header is None else max(0.0, float(header))
    except ValueError:
        until = parse_http_date(header)
    now = parse_http_date(date) or datetime.now(UTC)
    return None if until is None else max(0.0, (until - now).total_seconds())
