"""What Prefect's page of a run shows: what it changed, or why it failed."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from prefect.artifacts import create_markdown_artifact

from flows.stages.figures import describe_figures
from reports.history import describe_run

if TYPE_CHECKING:
    from collections.abc import Iterable

    from flows.context import Context

log = logging.getLogger(__name__)


def write_summary(context: Context) -> None:
    """Show what the run changed, once it has ended; the manifest is the record."""
    try:
        create_markdown_artifact(summarize(context), key="summary", description="What changed")
    except Exception as error:  # noqa: BLE001 - only for looking at: it fails no run
        log.info("no summary at Prefect: %s", error)


def summarize(context: Context) -> str:
    """The run in Markdown: how it ended, its figures, stages, resources and tables."""
    run = describe_run(context.record.manifest)
    lines = [f"## {run['kind']} {run['run_id']}: {run['state']}", ""]
    if run["error"]:
        lines += [f"**{run['failed_stage'] or 'run'} {run['state']}:** {run['error']}", ""]
        lines += [f"**Try:** {run['remedy']}", ""] if run["remedy"] else []
    lines += [describe_figures(run["figures"]), ""]
    took = run["seconds"]
    lines += _table(
        ("stage", "state", "seconds"),
        [(s["stage"], s["state"], f"{took[s['stage']] or 0:.1f}") for s in run["stages"]],
    )
    lines += _table(
        ("resource", "requests", "loaded", "unchanged", "quarantined"),
        [
            (e.resource, *(f"{n:,}" for n in (e.requests, e.records, e.unchanged, e.quarantined)))
            for e in context.record.manifest.resources
        ],
    )
    changed = [(name, f"{count:+,}") for name, count in context.new_rows.items() if count]
    lines += _table(("table", "rows"), changed)
    return "\n".join([*lines, f"Version {run['code_version']}."])


def _table(columns: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> list[str]:
    body = [f"| {' | '.join(row)} |" for row in rows]
    return [f"| {' | '.join(columns)} |", f"|{' --- |' * len(columns)}", *body, ""] if body else []
