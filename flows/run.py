"""A command's work: start the stages, show what they do, end with what they changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from flows.athena.cost import describe_bytes
from flows.build import build
from flows.metrics import measured
from flows.pipeline import use
from flows.publish import publish
from flows.query import count_rows
from ingestion.credentials import read_token
from ingestion.ingest import exit_code, ingest
from ingestion.progress import RunProgress
from ingestion.terminal import show_ingest, show_table
from reports.errors import NodeError

if TYPE_CHECKING:
    from flows.pipeline import Pipeline


def run_daily(pipeline: Pipeline) -> int:
    """Run the flow and show what it changed.

    Returns:
        The exit code, 0 or 3.

    Raises:
        ReadableError: That of the stage that failed.
    """
    # Before Prefect starts its server: a missing token should not take half a minute.
    read_token(pipeline.settings)
    progress = RunProgress()
    pipeline.progress, pipeline.say = progress.update, progress.say
    with progress.live("starting Prefect"):
        from flows.daily import daily  # noqa: PLC0415 - three seconds that --help need not pay

        with use(pipeline):
            code: int = daily()
    show_ingest(pipeline.record.manifest)
    show_tables(pipeline)
    show_pages(pipeline)
    return code


def run_ingest(pipeline: Pipeline) -> int:
    """Ingest alone, without Prefect."""
    progress = RunProgress()
    try:
        with use(pipeline), progress.live("asking Wistia"):
            ingest(
                pipeline.settings,
                pipeline.lake,
                pipeline.record,
                pipeline.scope,
                progress=progress.update,
            )
    except BaseException as error:
        pipeline.record.fail(error)
        raise
    code = exit_code(pipeline.record.manifest)
    pipeline.record.finish("completed", code)
    show_ingest(pipeline.record.manifest)
    return code


def run_build(pipeline: Pipeline) -> None:
    """Build alone, without Prefect."""
    record, progress = pipeline.record, RunProgress()
    try:
        with use(pipeline), measured(pipeline):
            if pipeline.settings.on_s3:
                _run_crawl(pipeline, progress)
            with progress.live("building silver and gold"), record.stage("build"):
                record.save()
                pipeline.built = build(
                    pipeline.settings,
                    pipeline.lake,
                    as_of_date=pipeline.as_of_date,
                    full_refresh=pipeline.full_refresh,
                    table=pipeline.table,
                )
    except BaseException as error:
        record.fail(error)
        raise
    record.finish("completed", 0)
    show_tables(pipeline)


def _run_crawl(pipeline: Pipeline, progress: RunProgress) -> None:
    from flows.athena.crawl import crawl  # noqa: PLC0415 - boto3 is for buckets

    with progress.live("bringing the catalogue up to date"), pipeline.record.stage("crawl"):
        pipeline.record.save()
        crawl(pipeline.settings, pipeline.sleep)


def show_tables(pipeline: Pipeline) -> None:
    """Print every table with its rows, and what the tests said."""
    counts = count_rows(pipeline.settings)
    show_table(("table", "rows"), [(name, f"{n:,}") for name, n in counts.items()], ("rows",))
    if pipeline.built is not None:
        built = pipeline.built
        said = f"{built.models} tables built, {built.tests} tests passed"
        if built.scanned_bytes is not None:
            said += f", Athena read {describe_bytes(built.scanned_bytes)}"
        click.echo(said)
        for name in built.warnings:
            log = pipeline.settings.work_path / ".dbt" / "logs" / "dbt.log"
            click.echo(f"warning: the test {name} found something; see {log}")


def run_publish(pipeline: Pipeline) -> None:
    """Publish alone, without Prefect."""
    record, progress = pipeline.record, RunProgress()
    try:
        with progress.live("exporting the tables of the pages"), record.stage("publish"):
            record.save()
            pipeline.published = publish(
                pipeline.settings,
                pipeline.lake,
                as_of_date=pipeline.as_of_date,
                say=progress.say,
            )
    except BaseException as error:
        record.fail(error)
        raise
    record.finish("completed", 0)
    show_pages(pipeline)


def show_pages(pipeline: Pipeline) -> None:
    """Print where the pages are, or why there are none."""
    done, site = pipeline.published, pipeline.settings.site_path
    if isinstance(done, NodeError):
        click.echo(f"{done}\n  try: {done.remedy}")
    elif done is not None:
        said = "pages built" if done.is_new else "nothing has changed: the pages stay as they are"
        click.echo(f"{said}, {site}; `make serve` opens them")
        if done.copied is not None:
            click.echo(f"{done.copied:,} files copied to {pipeline.settings.site_uri}")
