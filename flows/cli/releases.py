"""The commands that bring code to where it runs."""

from __future__ import annotations

import click

from ingestion.config.settings import PROJECT_ROOT, Settings


@click.command()
@click.argument("version", metavar="[VERSION]", default="latest")
@click.option("--list", "as_list", is_flag=True, help="List the releases instead.")
def deploy(version: str, as_list: bool) -> None:  # noqa: FBT001 - a flag of the command line
    """Choose the code of the next run: the latest version, or an older one.

    Example: wistia-elt deploy 1a2b3c4
    """
    from flows.releases.deliver import deliver  # noqa: PLC0415
    from flows.releases.listing import show_releases  # noqa: PLC0415
    from ingestion.storage.base import open_lake  # noqa: PLC0415

    settings = Settings.load()
    if as_list:
        show_releases(settings)
        return
    click.echo(deliver(settings, open_lake(settings), version).said)


@click.command()
def release() -> None:
    """Store the commit that is checked out as a release at CODE_URI.

    Example: make check && wistia-elt release
    """
    from flows.releases.listing import need_location  # noqa: PLC0415
    from flows.releases.release import make_release_of  # noqa: PLC0415

    location = need_location(Settings.load())
    click.echo(f"released: {location.uri}/{make_release_of(PROJECT_ROOT, location)}.zip")
