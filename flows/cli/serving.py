"""The commands that stay in the foreground: the pages, and everything at once."""

from __future__ import annotations

import click

from ingestion.config.settings import Settings


@click.command()
def serve() -> None:
    """Serve the pages, the documentation and Operations.

    Example: SERVE_PORT=9000 wistia-elt serve
    """
    from flows.up.outlook import Outlook  # noqa: PLC0415
    from flows.up.prefect.access import read_access  # noqa: PLC0415
    from reports.server.serve import serve as serve_pages  # noqa: PLC0415

    settings = Settings.load()
    serve_pages(settings, *read_access(), say=click.echo, look=Outlook(settings))


@click.command()
def up() -> None:
    """Run every day on this machine: schedule, worker, pages.

    Example: OPERATIONS_PASSWORD=… wistia-elt up
    """
    from flows.up.run import up as run_up  # noqa: PLC0415

    run_up(Settings.load(), click.echo)
