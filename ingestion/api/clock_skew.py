"""How far this machine's clock is from the API's, which every answer tells in its `Date`.

Watermarks, partitions and names hang on the clock: a run with a wrong one would leave what no
later run finds. RFC 9110, 6.6.1: `Date` is when an answer was made. RFC 9111, 5.1: `Age` is how
many seconds it has lain in caches since; some of them renew `Date` as well, so that the API's
clock lies between `Date` and both together.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from ingestion.config.errors import ClockError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

SET_CLOCK = "set this machine's clock (`timedatectl set-ntp true`)"
MOST_SKEW = timedelta(minutes=10)
# A date without a time of day is no `Date`, though Python's parser reads one as midnight.
_TIME_OF_DAY = re.compile(r"\d{1,2}:\d{2}:\d{2}")


class ClockSkew:
    """Holds a clock against the `Date` of every answer; refuses or only notes what is far off."""

    def __init__(self, clock: Callable[[], datetime], *, refuses: bool = True) -> None:
        self._clock, self._refuses = clock, refuses
        # The largest seen: positive where this machine is ahead. None before any `Date`.
        self.largest: timedelta | None = None

    def note(self, headers: Mapping[str, str]) -> None:
        """Compare the clock with one answer's headers, as soon as they have come.

        Raises `ClockError` where it `refuses` and they differ by more than `MOST_SKEW`.
        """
        made = parse_http_date(headers.get("Date"))
        if made is None:
            return
        here = self._clock()
        there = min(max(here, made), made + _age(headers.get("Age")))
        skew = here - there
        if self.largest is None or abs(skew) > abs(self.largest):
            self.largest = skew
        if self._refuses and abs(skew) > MOST_SKEW:
            raise ClockError(
                f"this machine's clock says {_shown(here)} and the API's {_shown(there)}: they "
                f"differ by {describe(skew)}, and a wrong clock would hide data from later runs",
                f"{SET_CLOCK}; if it is right, a proxy or WISTIA_BASE_URL answers with a wrong one",
            )


def parse_http_date(text: str | None) -> datetime | None:
    """Read a date of HTTP; None for nonsense. They are GMT even where they do not say so."""
    if text is None or _TIME_OF_DAY.search(text) is None:
        return None
    try:
        moment = parsedate_to_datetime(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        return None


def describe(skew: timedelta) -> str:
    """`3.5 days`, `2.0 hours`, `12 minutes`, `40 seconds`."""
    seconds = abs(skew.total_seconds())
    for unit, length, form in (
        ("days", 86_400, ".1f"),
        ("hours", 3_600, ".1f"),
        ("minutes", 60, ".0f"),
    ):
        if seconds >= 2 * length:
            return f"{seconds / length:{form}} {unit}"
    return f"{seconds:.0f} seconds"


def _age(text: str | None) -> timedelta:
    # No answer lies longer than a year in a cache (RFC 9111, 5.2.2.1); more is nonsense.
    seconds = int(text) if text and text.strip().isascii() and text.strip().isdigit() else 0
    return timedelta(seconds=min(seconds, 31_536_000))


def _shown(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
