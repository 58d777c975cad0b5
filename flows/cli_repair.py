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
    "--since", type=PastDay(), help="The first UTC day; without it every visitor is read."
)
def backfill(since: date | None) -> None:
    """Read visitors of past days again, whatever has landed, and build the tables.

    Example: wistia-elt backfill --since 2026-01-01
    """
    from flows.repair import run_backfill  # noqa: PLC0415

    sys.exit(run_backfill(Settings.load(), since))


@click.command()
@click.argument("day", type=PastDay())
@click.option("--into", required=True, type=click.Path(path_type=Path), help="A new folder.")
def rewind(day: date, into: Path) -> None:
    """Build the tables as they were at the end of a UTC day, in a lake of their own.

    Example: wistia-elt rewind 2026-01-09 --into lake-of-yesterday
    """
    from flows.repair import run_rewind  # noqa: PLC0415

    run_rewind(Settings.load(), day, into)
