"""Reading again what is missing, and building again what is wrong or past."""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING

import click

from flows.build import build
from flows.pipeline import open_pipeline
from flows.query import count_rows
from flows.run import run_daily
from ingestion.bronze import RAW
from ingestion.errors import ConfigurationError
from ingestion.lake import open_lake
from ingestion.manifest import PREFIX
from ingestion.settings import Settings
from ingestion.terminal import show_table
from ingestion.work import Scope

if TYPE_CHECKING:
    from pathlib import Path

    from ingestion.lake import Lake

_OBJECT_DAY = re.compile(r"/ingest_date=(\d{4}-\d{2}-\d{2})/")
_RUN_DAY = re.compile(rf"{PREFIX}(\d{{4}})(\d{{2}})(\d{{2}})T")


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
    pipeline = open_pipeline("run", settings)
    pipeline.scope = Scope(full=since is None, since=since)
    return run_daily(pipeline)


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
    copied = sum(_copy(open_lake(settings), lake, prefix, day) for prefix in (f"{RAW}/", PREFIX))
    if not copied:
        raise ConfigurationError(
            f"nothing had landed by {day}", "name a later day; `wistia-elt status` shows the runs"
        )
    build(past, lake, as_of_date=day.isoformat())
    counts = count_rows(past)
    show_table(("table", "rows"), [(name, f"{n:,}") for name, n in counts.items()], ("rows",))
    click.echo(f'as of {day}: LAKE_URI={folder} wistia-elt query "select …"')


def _copy(source: Lake, target: Lake, prefix: str, day: date) -> int:
    copied = 0
    for key in source.list(prefix):
        landed = _day_of(key)
        if landed is None or landed > day:
            continue
        body = source.get(key)
        if body is not None:
            target.put(key, body)
            copied += 1
    return copied


def _day_of(key: str) -> date | None:
    found = _OBJECT_DAY.search(key)
    if found is not None:
        return date.fromisoformat(found[1])
    found = _RUN_DAY.match(key)
    return date(*map(int, found.groups())) if found is not None else None
