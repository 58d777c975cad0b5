"""Deploying the latest code, as a flow: the Operations page and the schedule start it alike."""

from __future__ import annotations

import click
from prefect import flow

from flows.delivery import deliver
from ingestion.lake import open_lake
from ingestion.settings import Settings


@flow(name="deploy", persist_result=False)
def deploy(version: str = "latest") -> str:
    """Bring this machine to a version of the code, while no run is at work.

    Args:
        version: A tag or a commit; `latest` is the branch's newest.

    Returns:
        The version that the next run runs.

    Raises:
        DeliveryError: There is no such version, or it cannot be put in place.
        LakeBusyError: A run is at work.
    """
    lake = open_lake(Settings.load())
    with lake.lock("ingest"), lake.lock("build"):
        done = deliver(version)
    click.echo(done.said)
    return done.version
