"""The commands that mend: reading again what is missing, building again what is wrong or past."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ingestion.config.errors import ConfigurationError
from ingestion.config.settings import Settings
from ingestion.extract.context import Scope
from ingestion.state.inventory import part_of
from ingestion.state.manifest import read_manifests
from ingestion.storage.base import open_existing, open_lake
from ingestion.terminal import PastDay, show_table

if TYPE_CHECKING:
    from datetime import date

    from ingestion.storage.base import Lake


@click.command()
@click.option(
    "--since",
    metavar="DAY",
    type=PastDay(),
    help="The first UTC day; without it, everything is read.",
)
def backfill(since: date | None) -> None:
    """Read past days again, and build the tables.

    Example: wistia-elt backfill --since 2026-01-01
    """
    from flows.cli.run import run_daily  # noqa: PLC0415
    from flows.context import open_context  # noqa: PLC0415

    context = open_context("run", Settings.load())
    context.scope = Scope(full=since is None, since=since)
    sys.exit(run_daily(context))


@click.command()
@click.argument("day", metavar="DAY", type=PastDay())
@click.option(
    "--into",
    metavar="FOLDER",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Its new folder.",
)
def rewind(day: date, into: Path) -> None:
    """Build the tables as they were on a past day, in another lake.

    Example: wistia-elt rewind 2026-01-09 --into lake-of-yesterday
    """
    from flows.stages.build import build  # noqa: PLC0415
    from flows.stages.query import count_rows  # noqa: PLC0415

    source = open_existing(Settings.load())
    if into.exists() and any(into.iterdir()):
        raise ConfigurationError(
            f"{into} is not empty", "name a new folder: tables of a past day get their own"
        )
    # Of a lake in a bucket too the tables are built here, with DuckDB.
    past = Settings.load(
        lake_uri=str(into.absolute()), silver_uri=None, gold_uri=None, as_of_date=day
    )
    lake = open_lake(past)
    if not _copy(source, lake, day):
        raise ConfigurationError(
            f"nothing was loaded by {day}", "name a later day; `wistia-elt status` shows the runs"
        )
    build(past, lake, as_of_date=day.isoformat())
    counts = count_rows(past)
    show_table(("table", "rows"), [(name, f"{n:,}") for name, n in counts.items()], ("rows",))
    click.echo(f'as of {day}: LAKE_URI={into} wistia-elt query "select …"')


def _copy(source: Lake, target: Lake, day: date) -> int:
    """Copy what had loaded by a day: manifests, and of what they list what lies in its days."""
    copied = 0
    for found in read_manifests(source):
        run = found.model_copy(deep=True)
        if datetime.fromisoformat(run.started_at).date() > day:
            continue
        for entry in run.resources:
            entry.objects = [one for one in entry.objects if part_of(one.key).day <= str(day)]
            entry.quarantine = []
            for stored in entry.objects:
                if (body := source.get(stored.key)) is not None:
                    target.put(stored.key, body)
                    copied += 1
        run.save(target)
    return copied
