"""How long a failed GET is tried again: capped, jittered, honouring Retry-After.

Tenacity repeats; this module says when to stop and how long to wait. The budgets
count the seconds waited, so a test with its own sleep is exact.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

from tenacity import RetryCallState, Retrying, retry_if_exception_type

from ingestion.api.clock_skew import parse_http_date

if TYPE_CHECKING:
    from collections.abc import Callable

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


class Fault(Exception):  # noqa: N818 - not an error yet: it may heal
    """A failure worth another try, around the error it becomes when none helps."""

    def __init__(
        self, error: IngestionError, *, kind: Kind, wait: float | None = None, body: bytes = b""
    ) -> None:
        super().__init__(str(error))
        self.error = error
        self.kind = kind
        self.wait = wait
        self.body = body


def retrying(note: Callable[[], None], sleep: Callable[[float], None]) -> Retrying:
    """Make the repeater of one request."""
    patience = _Patience()
    return Retrying(
        retry=retry_if_exception_type(Fault),
        wait=patience.wait,
        stop=patience.is_over,
        before_sleep=lambda _state: note(),
        sleep=sleep,
        reraise=True,
    )


def seconds_to_wait(header: str | None, date: str | None = None) -> float | None:
    """Read Retry-After: seconds, or an HTTP date held against the server's own clock.

    Returns:
        Seconds, never negative; None for no header or nonsense.
    """
    if header is None:
        return None
    try:
        return max(0.0, float(header))
    except ValueError:
        pass
    until = parse_http_date(header)
    now = parse_http_date(date) or datetime.now(UTC)
    return None if until is None else max(0.0, (until - now).total_seconds())


def _fault(state: RetryCallState) -> Fault:
    fault = state.outcome.exception() if state.outcome else None
    if not isinstance(fault, Fault):
        raise TypeError("only faults are retried")
    return fault


class _Patience:
    """How long one request is still waited for; counted by the kind of its faults.

    A storm of 429 must not leave a reset that follows it without any try.
    """

    def __init__(self) -> None:
        self._tries: Counter[Kind] = Counter()
        self._seconds: defaultdict[Kind, float] = defaultdict(float)

    def wait(self, state: RetryCallState) -> float:
        """Count a failed try and tell how long to wait after it, seconds."""
        fault = _fault(state)
        self._tries[fault.kind] += 1
        ceiling = min(_LONGEST_BACKOFF, _BACKOFF * 2 ** (self._tries[fault.kind] - 1))
        jittered = random.uniform(0, ceiling)  # noqa: S311 - no secret hangs on it
        seconds = jittered if fault.wait is None else fault.wait + min(jittered, 1.0)
        self._seconds[fault.kind] += seconds
        return seconds

    def is_over(self, state: RetryCallState) -> bool:
        """Whether the try that was counted last is the last."""
        kind = _fault(state).kind
        tries, seconds = _BUDGETS[kind]
        return self._tries[kind] >= tries or self._seconds[kind] > seconds
