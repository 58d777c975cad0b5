"""What a run did after its ingestion, added up for its manifest; and what Athena bills for it.

https://aws.amazon.com/athena/pricing/: 5 USD a terabyte in most regions, rounded up to a megabyte,
at least 10 MB a query.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ingestion.config.timestamps import format_timestamp, seconds_between
from ingestion.state.manifest import RunTotals

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from flows.context import Context

_USD_PER_TERABYTE = 5.0
_LEAST_BYTES = 10 * 1024**2
_TERABYTE = 1024**4
_SAID = {
    "requests": "requests",
    "fetched": "fetched",
    "new_visitors": "new visitors",
    "returning_visitors": "returning",
    "quarantined": "quarantined",
    "built_rows": "rows built",
    "tests": "tests passed",
}


@contextmanager
def measured(context: Context) -> Iterator[None]:
    """Let the run's record hold what its stages have done, however they end."""
    try:
        yield
    finally:
        context.record.manifest.totals = _measure(context)


def _measure(context: Context) -> RunTotals:
    manifest, built = context.record.manifest, context.built
    took = {stage.stage: stage.seconds for stage in manifest.stages}
    now = format_timestamp(context.record.clock())
    totals = RunTotals(
        crawl_seconds=took.get("crawl"),
        build_seconds=took.get("build"),
        publish_seconds=took.get("publish"),
        seconds=seconds_between(manifest.started_at, now),
    )
    if built is None:
        return totals
    totals.tables, totals.warnings = len(built.tables), len(built.warnings)
    totals.tests = built.tests
    totals.scanned_bytes = built.scanned_bytes
    if built.scanned_bytes is not None:
        # Each statement is billed by itself, as 10 MB at least.
        totals.cost_usd = round(sum(map(billed_usd, built.scans)), 6)
    if context.rows:
        loaded = sum(one.records for one in manifest.resources if one.resource == "visitors")
        totals.built_rows = sum(context.rows.values())
        totals.new_visitors = max(0, context.new_rows.get("silver.fact_visitors", 0))
        totals.returning_visitors = max(0, loaded - totals.new_visitors)
    return totals


def describe_figures(figures: Mapping[str, Any]) -> str:
    """What a run did, on one line, of `Manifest.figures`; what it did not come to is left out."""
    said = [
        f"{figures[name]:,} {noun}" for name, noun in _SAID.items() if figures.get(name) is not None
    ]
    if figures.get("scanned_bytes") is not None:
        cost = figures.get("cost_usd") or 0.0
        said.append(f"{describe_bytes(figures['scanned_bytes'])} scanned for {cost:.5f} USD")
    return ", ".join(said)


def billed_usd(scanned_bytes: int) -> float:
    """The list price of one query, in USD; one that reads nothing costs nothing."""
    if scanned_bytes == 0:
        return 0.0
    return max(scanned_bytes, _LEAST_BYTES) / _TERABYTE * _USD_PER_TERABYTE


def describe_bytes(count: float) -> str:
    """Bytes as people say them, in powers of 1,000."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if count < 1000:  # noqa: PLR2004 - the step of these units
            return f"{count:,.0f} {unit}" if unit == "bytes" else f"{count:,.1f} {unit}"
        count /= 1000
    return f"{count:,.1f} TB"
