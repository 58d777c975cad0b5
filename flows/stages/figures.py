"""What a run did after its ingestion, added up for its manifest."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from flows.athena.cost import billed_usd, describe_bytes
from ingestion.config.timestamps import format_timestamp, seconds_between
from ingestion.state.manifest import RunTotals

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from flows.context import Context
    from ingestion.state.manifest import Manifest

_VISITORS = "silver.fact_visitors"


@contextmanager
def measured(context: Context) -> Iterator[None]:
    """Let the run's record hold what its stages have done, however they end."""
    try:
        yield
    finally:
        context.record.manifest.totals = measure(context)


def measure(context: Context) -> RunTotals:
    """Add up what the stages have done so far, also of a run that failed."""
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
        totals.built_rows = sum(context.rows.values())
        totals.new_visitors = max(0, context.new_rows.get(_VISITORS, 0))
        totals.returning_visitors = max(0, loaded_visitors(manifest) - totals.new_visitors)
    return totals


def loaded_visitors(manifest: Manifest) -> int:
    """Visitor records that this run wrote to bronze."""
    return sum(entry.records for entry in manifest.resources if entry.resource == "visitors")


def describe_figures(figures: Mapping[str, Any]) -> str:
    """What a run did, on one line; what it did not come to is left out.

    Args:
        figures: As `Manifest.figures` gives them.
    """
    named = (
        ("requests", "requests"),
        ("fetched", "fetched"),
        ("new_visitors", "new visitors"),
        ("returning_visitors", "returning"),
        ("quarantined", "quarantined"),
        ("built_rows", "rows built"),
        ("tests", "tests passed"),
    )
    said = [f"{figures[name]:,} {noun}" for name, noun in named if figures.get(name) is not None]
    if figures.get("scanned_bytes") is not None:
        cost = figures.get("cost_usd") or 0.0
        said.append(f"{describe_bytes(figures['scanned_bytes'])} scanned for {cost:.5f} USD")
    return ", ".join(said)
