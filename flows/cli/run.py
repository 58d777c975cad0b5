"""A command's work: start the stages, show what they do, end with what they changed.

Nothing here needs Prefect. Where PREFECT_API_URL names a server, `run` is a run of its flow,
and the server sees it; else the same stages are called in the same order, and nothing listens.
"""

from __future__ import annotations

import json
import os
from contextlib import ExitStack
from typing import TYPE_CHECKING

import click

from flows.alerts.watch import refusals_told
from flows.stages.build import choose
from flows.stages.figures import describe_bytes
from flows.stages.maintain import maintain
from flows.stages.sequence import BUILD, CRAWL, INGEST, PUBLISH, run_all, run_by_hand, run_some
from ingestion.config.secrets import read_token
from ingestion.terminal import RunProgress, show_ingest, show_table
from reports.errors import NodeError
from reports.history import describe_run

if TYPE_CHECKING:
    from flows.context import Context
    from flows.stages.sequence import Stage
    from ingestion.config.settings import Settings

# A summary names what changed, on one screen.
_MOST_TABLES = 8


def run_daily(context: Context, *, as_json: bool = False) -> int:
    """Run every stage and show what they changed; gives the exit code, 0 or 3."""
    progress = _show_progress(context)
    with ExitStack() as opened:
        with refusals_told():
            # Before Prefect is loaded: a missing token should not take three seconds.
            read_token(context.settings)
            opened.enter_context(context.record.alive())
        opened.enter_context(progress.live("asking Wistia"))
        code = _run_all(context)
    if as_json:
        found = describe_run(context.record.manifest)
        click.echo(json.dumps({**found, "tables": context.rows, "new_rows": context.new_rows}))
        return code
    show_ingest(context.record.manifest)
    show_tables(context)
    show_pages(context)
    return code


def _run_all(context: Context) -> int:
    if not os.environ.get("PREFECT_API_URL"):
        return run_all(context, run_by_hand)
    from flows.up.prefect.access import ask_server  # noqa: PLC0415 - three seconds, as below

    with refusals_told():
        ask_server()
    from flows.pipeline import run_at_prefect  # noqa: PLC0415 - for Prefect's runs

    return run_at_prefect(context)


def run_ingest(context: Context) -> int:
    """Ingest alone."""
    code = _run_some(context, "asking Wistia", INGEST)
    show_ingest(context.record.manifest)
    return code


def run_build(context: Context) -> None:
    """Build alone."""
    # A mistyped name is no run that failed: refused before one begins.
    choose(context.table)
    crawl = (CRAWL,) if context.settings.on_s3 else ()
    _run_some(context, "building silver and gold", *crawl, BUILD)
    show_tables(context)


def run_publish(context: Context) -> None:
    """Publish alone."""
    _run_some(context, "exporting the tables of the pages", PUBLISH)
    show_pages(context)


def _run_some(context: Context, doing: str, *stages: Stage) -> int:
    with _show_progress(context).live(doing):
        return run_some(context, *stages)


def _show_progress(context: Context) -> RunProgress:
    progress = RunProgress()
    context.progress, context.say = progress.update, progress.say
    return progress


def run_maintenance(settings: Settings) -> None:
    """Maintain the tables of the lake that the settings name, and print what was done."""
    done = maintain(settings)
    if done is None:
        click.echo("nothing to maintain: each build writes a lake in a folder again")
        return
    rows = [
        ("tables compacted, old snapshots removed", f"{len(done.optimized):,}"),
        ("temporary tables dropped", f"{len(done.dropped):,}"),
        ("unnamed table folders deleted", f"{done.folders:,}"),
        ("old query results deleted", f"{done.results:,}"),
    ]
    show_table(("what", "count"), rows, ("count",))


def show_tables(context: Context) -> None:
    """Print the tables that grew or shrank most, and how many tests have passed."""
    changed = {name: by for name, by in context.new_rows.items() if by}
    most = sorted(changed, key=lambda name: -abs(changed[name]))[:_MOST_TABLES]
    if most:
        click.echo()
        rows = [(name, f"{changed[name]:+,}", f"{context.rows[name]:,}") for name in most]
        show_table(("table", "change", "rows"), rows, ("change", "rows"))
    if context.built is not None:
        built = context.built
        said = f"{len(built.tables)} tables built, {built.tests} tests passed"
        said += f"; rows changed in {len(changed)}, `wistia-elt status` counts them all"
        if built.scanned_bytes is not None:
            said += f", Athena read {describe_bytes(built.scanned_bytes)}"
        click.echo(said)
        for name in built.warnings:
            log = context.settings.work_path / ".dbt" / "logs" / "dbt.log"
            click.echo(f"warning: the test {name} found something; see {log}")


def show_pages(context: Context) -> None:
    """Print where the pages are, or why there are none."""
    done, site = context.published, context.settings.site_path
    if isinstance(done, NodeError):
        click.echo(f"{done}\n  try: {done.remedy}")
    elif done is not None:
        said = "pages built" if done.is_new else "nothing has changed: the pages stay as they are"
        click.echo(f"{said}, {site}; `make serve` opens them")
        if done.copied is not None:
            click.echo(f"{done.copied:,} files copied to {context.settings.site_uri}")
