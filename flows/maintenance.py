"""The week's maintenance: what a bucket gathers and nobody reads any more goes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
from prefect import flow

from ingestion.lake import open_lake
from ingestion.settings import Settings
from ingestion.terminal import show_table

if TYPE_CHECKING:
    from flows.athena.maintenance import Maintenance


@flow(name="maintenance", persist_result=False)
def maintenance() -> None:
    """Maintain the tables of the lake that the settings name, while no build is at work.

    Raises:
        BuildError: AWS refuses a step; those before it are done.
        LakeBusyError: A build is at work.
    """
    settings = Settings.load()
    lake = open_lake(settings)
    if not settings.on_s3:
        click.echo("nothing to maintain: a lake in a folder is written anew by each build")
        return
    from flows.athena.maintenance import maintain  # noqa: PLC0415 - awswrangler is for buckets

    with lake.lock("build"):
        _show(maintain(settings))


def _show(done: Maintenance) -> None:
    rows = [
        ("tables compacted, old snapshots removed", f"{len(done.optimized):,}"),
        ("temporary tables dropped", f"{len(done.dropped):,}"),
        ("unnamed table folders deleted", f"{done.folders:,}"),
        ("old query results deleted", f"{done.results:,}"),
    ]
    show_table(("what", "count"), rows, ("count",))
