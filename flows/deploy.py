"""Deploying the latest code, as a flow: the Operations page and the schedule start it alike."""

from __future__ import annotations

import click
from prefect import flow

from flows.delivery.deliver import deliver
from ingestion.config.settings import Settings
from ingestion.storage.base import open_lake


@flow(name="deploy", persist_result=False)
def deploy(version: str = "latest") -> str:
    """Let the next run run a version of the code.

    Args:
        version: A release or the beginning of its name, without CODE_URI a tag or a commit;
            `latest` is the newest.

    Returns:
        The version that the next run runs.

    Raises:
        DeliveryError: There is no such version, or it cannot be put in place.
        LakeBusyError: A run is at work in the checkout that is to change.
    """
    settings = Settings.load()
    done = deliver(settings, open_lake(settings), version)
    click.echo(done.said)
    return done.version
