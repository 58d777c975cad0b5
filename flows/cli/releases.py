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
    from flows.releases.deploy import deliver  # noqa: PLC0415
    from ingestion.storage.base import open_lake  # noqa: PLC0415

    settings = Settings.load()
    if as_list:
        _show_releases(settings)
        return
    click.echo(deliver(settings, open_lake(settings), version).said)


def _show_releases(settings: Settings) -> None:
    """Print every release, the newest first, and which one runs next."""
    from flows.releases.store import LATEST, choose, open_location, read_choice  # noqa: PLC0415
    from ingestion.storage.base import open_lake  # noqa: PLC0415
    from ingestion.terminal import show_table  # noqa: PLC0415

    location = open_location(settings.code_uri)
    found, chosen = location.find(), read_choice(open_lake(settings))
    runs = choose(found, chosen, location.uri)
    held = "" if chosen == LATEST else ", held: `wistia-elt deploy` ends that"
    rows = [
        (one.version, f"{one.at:%Y-%m-%d %H:%M:%S}", f"runs next{held}" if one == runs else "")
        for one in found
    ]
    show_table(("release", "since (UTC)", ""), rows)


@click.command()
def release() -> None:
    """Store the commit that is checked out as a release at CODE_URI.

    Example: make check && wistia-elt release
    """
    from flows.releases.checkout import make_release_of  # noqa: PLC0415
    from flows.releases.store import open_location  # noqa: PLC0415

    location = open_location(Settings.load().code_uri)
    click.echo(f"released: {location.uri}/{make_release_of(PROJECT_ROOT, location)}.zip")
