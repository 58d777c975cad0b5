"""The account's time: whole seconds since 1970 in UTC, and the ways Wistia writes them."""

from datetime import UTC, date, datetime, time, timedelta

HOUR = 3600
DAY = 86400

# The predecessor's runs started at 00:01:48 UTC; the whole history hangs on that moment.
RUN_TIME = time(0, 1, 48, tzinfo=UTC)


def first_run(today: date) -> int:
    """Return the moment of the history's first run, a day before its last one on `today`."""
    return int(datetime.combine(today - timedelta(days=1), RUN_TIME).timestamp())


def in_milliseconds(moment: float) -> str:
    """Write a moment as visitors and events carry it: `2026-01-06T21:03:42.000Z`."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def with_offset(moment: float) -> str:
    """Write a moment as medias carry it: `2026-01-06T21:03:42+00:00`."""
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="seconds")


def day_start(day: date, zone: object = UTC) -> int:
    """Return the moment a day begins in a time zone."""
    return int(datetime.combine(day, time(), tzinfo=zone).timestamp())  # type: ignore[arg-type]
