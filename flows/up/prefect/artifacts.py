"""What Prefect's page of a run shows: how far it reads, what it changed, every dbt node.

Only for looking at: the manifests are the record, so nothing that fails here fails a run.
"""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any

from prefect.artifacts import (
    create_markdown_artifact,
    create_progress_artifact,
    create_table_artifact,
    update_progress_artifact,
)

from flows.athena.cost import describe_cost
from flows.stages.figures import measure
from reports.history import describe_run

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from uuid import UUID

    from flows.context import Context
    from flows.stages.dbt import BuildResult
    from ingestion.state.manifest import Manifest, ResourceRun
    from ingestion.state.totals import RunTotals

log = logging.getLogger(__name__)
_SECONDS_BETWEEN = 5.0
_ALL = 100.0
_Rows = list[tuple[str, ...]]


class ReadingProgress:
    """A bar at Prefect that follows the visitor list.

    Args:
        onward: Called with each entry too: the bar of the terminal.
        clock: Monotonic seconds.
    """

    def __init__(
        self, onward: Callable[[ResourceRun], None], clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Make the bar at 0 %."""
        self._onward = onward
        self._clock = clock
        self._next = clock() + _SECONDS_BETWEEN
        self._bar: UUID | None = None
        try:
            made = create_progress_artifact(0.0, key="reading", description="Reading visitors")
            self._bar = made  # type: ignore[assignment]
        except Exception as error:  # noqa: BLE001 - only for looking at
            log.info("no progress at Prefect: %s", error)

    def update(self, entry: ResourceRun) -> None:
        """Move the bar, every few seconds at most."""
        self._onward(entry)
        if self._bar is None or not entry.pages_expected or self._clock() < self._next:
            return
        self._next = self._clock() + _SECONDS_BETWEEN
        self._move(min(_ALL, entry.pages / entry.pages_expected * _ALL))

    def finish(self) -> None:
        """Move the bar to its end."""
        if self._bar is not None:
            self._move(_ALL)

    def _move(self, percent: float) -> None:
        try:
            update_progress_artifact(self._bar, percent)  # type: ignore[arg-type]
        except Exception as error:  # noqa: BLE001 - only for looking at
            log.info("no progress at Prefect: %s", error)


def write_nodes(built: BuildResult) -> None:
    """Show every dbt node with its state and seconds."""
    rows = [
        {"node": node.name, "kind": node.kind, "state": node.state, "seconds": node.seconds}
        for node in built.nodes
    ]
    try:
        create_table_artifact(rows, key="dbt-nodes", description="Every model and test of dbt")
    except Exception as error:  # noqa: BLE001 - only for looking at
        log.info("no nodes at Prefect: %s", error)


def write_summary(context: Context) -> None:
    """Show what the run changed, once it has ended."""
    try:
        create_markdown_artifact(summarise(context), key="summary", description="What changed")
    except Exception as error:  # noqa: BLE001 - only for looking at
        log.info("no summary at Prefect: %s", error)


def summarise(context: Context) -> str:
    """The run in Markdown: counts, rows, tests, bytes, durations, and what failed."""
    manifest = context.record.manifest
    run = describe_run(manifest)
    lines = [f"## {run['kind']} {run['run_id']}: {run['state']}", ""]
    if run["error"]:
        lines += [f"**{run['failed_stage'] or 'run'} {run['state']}:** {run['error']}", ""]
        lines += [f"**Try:** {run['remedy']}", ""] if run["remedy"] else []
    lines += _table(("stage", "state", "seconds"), _stages(run))
    lines += _table(("resource", "requests", "loaded", "unchanged", "quarantined"), _read(manifest))
    if context.built is not None:
        lines += _built(context.built, measure(context), context.new_rows)
    return "\n".join([*lines, f"Version {manifest.code_version}."])


def _built(built: BuildResult, totals: RunTotals, new_rows: Mapping[str, int]) -> list[str]:
    said = [
        f"{totals.new_visitors or 0:,} new visitors, {totals.returning_visitors or 0:,} returning",
        f"{built.models} tables built, {totals.built_rows or 0:,} rows",
        f"{built.tests} tests passed, {len(built.warnings)} with a remark",
    ]
    if built.scanned_bytes is not None:
        said.append(describe_cost(built.scanned_bytes))
    changed: _Rows = [(name, f"{count:+,}") for name, count in new_rows.items() if count]
    return [", ".join(said) + ".", "", *_table(("table", "rows"), changed)]


def _stages(run: Mapping[str, Any]) -> _Rows:
    seconds = {name: "" if took is None else f"{took:.1f}" for name, took in run["seconds"].items()}
    return [(s["stage"], s["state"], seconds[s["stage"]]) for s in run["stages"]]


def _read(manifest: Manifest) -> _Rows:
    return [
        (
            entry.resource,
            f"{entry.requests:,}",
            f"{entry.records:,}",
            f"{entry.unchanged:,}",
            f"{entry.quarantined:,}",
        )
        for entry in manifest.resources
    ]


def _table(columns: tuple[str, ...], rows: _Rows) -> list[str]:
    if not rows:
        return []
    head = [f"| {' | '.join(columns)} |", f"|{' --- |' * len(columns)}"]
    return [*head, *(f"| {' | '.join(row)} |" for row in rows), ""]
