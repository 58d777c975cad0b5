"""The week's maintenance as a flow of Prefect's."""

from __future__ import annotations

from prefect import flow

from flows.run import run_maintenance
from ingestion.config.settings import Settings


@flow(name="maintenance", persist_result=False)
def maintenance() -> None:
    """What a bucket gathers and nobody reads any more goes.

    Raises:
        BuildError: AWS refuses a step; those before it are done.
        LakeBusyError: A build is at work.
    """
    run_maintenance(Settings.load())
