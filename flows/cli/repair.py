"""Reading again what is missing, and building again what is wrong or past."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING

import click

from flows.cli.run import run_daily
from flows.context import open_context
from flows.stages.build import build
from flows.stages.query import count_rows
from ingestion.config.errors import ConfigurationError
from ingestion.config.settings import Settings
from ingestion.extract.context import Scope
from ingestion.state.inventory import part_of
from ingestion.state.manifest import read_manifests
from ingestion.storage.base import open_lake
from ingestion.terminal import show_table

if TYPE_CHECKING:
    from pathlib import Path

    from ingestion.storage.base import Lake


def run_backfill(settings: Settings, since: date | None) -> int:
    """Read visitors active from a day on, whatever has landed, and build the tables.

    Args:
        settings: The lake and the account.
        since: The first UTC day; None reads every visitor.

    Returns:
        The exit code, 0 or 3.

    Raises:
        ReadableError: That of the stage that failed.
    """
    context = open_context("run", settings)
    context.scope = Scope(full=since is None, since=since)
    return run_daily(context)


def run_rewind(settings: Settings, day: date, folder: Path) -> None:
    """Build the tables as they were at the end of a day, in a lake of their own.

    What had landed by then is copied, nothing is read from Wistia, and the tables in use
    stay as they are. Of a lake in a bucket the tables are built here, with DuckDB.

    Raises:
        ConfigurationError: The folder is in use, or nothing had landed by that day.
        BuildError: A table cannot be built.
    """
    if folder.exists() and any(folder.iterdir()):
        raise ConfigurationError(
            f"{folder} is not empty", "name a new folder: tables of a past day get their own"
        )
    past = Settings.load(
        lake_uri=str(folder.absolute()), silver_uri=None, gold_uri=None, as_of_date=day
    )
    lake = open_lake(past)
    if not _copy(open_lake(settings), lake, day):
        raise ConfigurationError(
            f"nothing was loaded by {day}", "name a later day; `wistia-elt status` shows the runs"
        )
    build(past, lake, as_of_date=day.isoformat())
    counts = count_rows(past)
    show_table(("table", "rows"), [(name, f"{n:,}") for name, n in counts.items()], ("rows",))
    click.echo(f'as of {day}: LAKE_URI={folder} wistia-elt query "select …"')


def _copy(source: Lake, target: Lake, day: date) -> int:
    """Copy what had landed by a day: manifests, and of what they list what lies in its days."""
    copied = 0
    for found in read_manifests(source):
        run = found.model_copy(deep=True)
        if datetime.fromisoformat(run.started_at).date() > day:
            continue
        for entry in run.resources:
            entry.objects = [one for one in entry.objects if part_of(one.key).day <= str(day)]
            entry.quarantine = []
            for stored in entry.objects:
                body = source.get(stored.key)
                if body is not None:
                    target.put(stored.key, body)
                    copied += 1
        run.save(target)
    return copied
