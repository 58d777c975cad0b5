"""The two ways a time is written: in records and in names."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import UTC, datetime

from ingestion.config.grammar import parse_time

Clock = Callable[[], datetime]
# A pattern of `run_id_at`, and of what it was before.
RUN_ID = "[0-9]{8}T[0-9]{6}Z-[0-9a-z]+"


def format_timestamp(moment: datetime) -> str:
    """Write a time as bronze does: `2026-01-09T00:01:48.123456Z`, UTC."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def compact_timestamp(moment: datetime) -> str:
    """Write a time as names do: `20260109T000148Z`, UTC."""
    return moment.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


def run_id_at(moment: datetime) -> str:
    """Name a run after its start: `20260109T000148Z-1e2407c3`.

    After the second come its microseconds (five hex digits) and three digits of chance, so that
    names sort as their runs began and two runs of one microsecond differ.
    """
    return f"{compact_timestamp(moment)}-{moment.microsecond:05x}{secrets.randbits(12):03x}"


def parse_timestamp(text: object) -> datetime | None:
    """Read a time as `ingestion.config.grammar` has it, UTC without an offset; else None."""
    return parse_time(text) if isinstance(text, str) else None


def seconds_between(began: object, ended: object) -> float | None:
    """Seconds from one written time to another; None where either is missing."""
    first, last = parse_timestamp(began), parse_timestamp(ended)
    return round((last - first).total_seconds(), 3) if first and last else None


def utc_now() -> datetime:
    """The real clock; everything that tells time takes it as an argument."""
    return datetime.now(UTC)
