"""The commands that mend: reading again, building again."""

from __future__ import annotations

import sys
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ingestion.settings import Settings

if TYPE_CHECKING:
    from datetime import datetime

_DAY = click.DateTime(["%Y-%m-%d"])


@click.command()
@click.option("--since", type=_DAY, help="The first UTC day; without it every visitor is read.")
def backfill(since: datetime | None) -> None:
    """Read visitors of past days again, whatever has landed, and build the tables.

    Example: wistia-elt backfill --since 2026-01-01
    """
    from flows.repair import run_backfill  # noqa: PLC0415

    day = since.replace(tzinfo=UTC).date() if since else None
    sys.exit(run_backfill(Settings.load(), day))


@click.command()
@click.argument("day", type=_DAY)
@click.option("--into", required=True, type=click.Path(path_type=Path), help="A new folder.")
def rewind(day: datetime, into: Path) -> None:
    """Build the tables as they were at the end of a UTC day, in a lake of their own.

    Example: wistia-elt rewind 2026-01-09 --into lake-of-yesterday
    """
    from flows.repair import run_rewind  # noqa: PLC0415

    run_rewind(Settings.load(), day.replace(tzinfo=UTC).date(), into)
