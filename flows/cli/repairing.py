"""The commands that mend: reading again, building again."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ingestion.config.settings import Settings
from ingestion.terminal import PastDay

if TYPE_CHECKING:
    from datetime import date


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
    from flows.cli.repair import run_backfill  # noqa: PLC0415

    sys.exit(run_backfill(Settings.load(), since))


@click.command()
@click.argument("day", metavar="DAY", type=PastDay())
@click.option(
    "--into",
    metavar="FOLDER",
    required=True,
    type=click.Path(path_type=Path),
    help="Its new folder.",
)
def rewind(day: date, into: Path) -> None:
    """Build the tables as they were on a past day, in another lake.

    Example: wistia-elt rewind 2026-01-09 --into lake-of-yesterday
    """
    from flows.cli.repair import run_rewind  # noqa: PLC0415

    run_rewind(Settings.load(), day, into)
