"""The account's time: whole seconds since 1970 in UTC, and the ways Wistia writes them."""

from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache

_EPOCH = date(1970, 1, 1).toordinal()
HOUR = 3600
DAY = 86400

# The predecessor's runs started at 00:01:48 UTC; the whole history hangs on that moment.
RUN_TIME = time(0, 1, 48, tzinfo=UTC)


def first_run(today: date) -> int:
    """Return the moment of the history's first run, a day before its last one on `today`."""
    return int(datetime.combine(today - timedelta(days=1), RUN_TIME).timestamp())


def in_milliseconds(moment: int) -> str:
    """Write a moment as visitors and events carry it: `2026-01-06T21:03:42.000Z`."""
    day, second = divmod(moment, DAY)
    return f"{_day(day)}T{second // HOUR:02}:{second // 60 % 60:02}:{second % 60:02}.000Z"


@lru_cache(maxsize=4096)
def _day(number: int) -> str:
    return date.fromordinal(_EPOCH + number).isoformat()


def with_offset(moment: float) -> str:
    """Write a moment as medias carry it: `2026-01-06T21:03:42+00:00`."""
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="seconds")


def day_start(day: date, zone: tzinfo = UTC) -> int:
    """Return the moment a day begins in a time zone."""
    return int(datetime.combine(day, time(), tzinfo=zone).timestamp())
