"""`python -m flows.up.pages NUMBER`: the pages' server, on a socket that `up` holds."""

from __future__ import annotations

import click

from flows.up.outlook import Outlook
from flows.up.prefect.access import read_access
from ingestion.config.settings import Settings
from ingestion.terminal import show_errors
from reports.server.serve import serve


@click.command()
@click.argument("descriptor", type=int)
def main(descriptor: int) -> None:
    """Serve until told to stop."""
    settings = Settings.load()
    look = Outlook(settings)
    serve(settings, *read_access(), say=click.echo, descriptor=descriptor, look=look)


if __name__ == "__main__":
    show_errors(main)
