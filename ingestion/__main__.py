"""`python -m ingestion`: source to bronze alone, without Prefect, dbt or DuckDB."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from ingestion.config.settings import Settings
from ingestion.config.timestamps import utc_now
from ingestion.config.version import code_version
from ingestion.ingest import ingest
from ingestion.state.manifest import exit_code
from ingestion.state.run import start_run
from ingestion.storage.base import open_lake
from ingestion.terminal import RunProgress, scope_options, show_errors, show_ingest

if TYPE_CHECKING:
    from ingestion.extract.context import Scope


@click.command(name="python -m ingestion")
@scope_options
def main(scope: Scope) -> None:
    """Load what is new at Wistia into bronze.

    Example: python -m ingestion --resource visitors
    """
    settings = Settings.load()
    lake = open_lake(settings)
    run = start_run(lake, "ingest", code_version(), utc_now)
    progress = RunProgress()
    with run.recorded(), progress.live("asking Wistia"):
        ingest(settings, lake, run, scope, progress=progress.update)
    show_ingest(run.manifest)
    sys.exit(exit_code(run.manifest))


if __name__ == "__main__":
    show_errors(main)
