"""The commands that bring code to where it runs."""

from __future__ import annotations

import json

import click

from ingestion.config.settings import PROJECT_ROOT, Settings
from ingestion.storage.base import open_lake
from ingestion.terminal import show_table


@click.command()
@click.argument("version", metavar="[VERSION]", default="latest")
@click.option("--list", "as_list", is_flag=True, help="List the releases instead.")
@click.option("--json", "as_json", is_flag=True, help="With --list: print JSON.")
def deploy(version: str, as_list: bool, as_json: bool) -> None:  # noqa: FBT001 - flags
    """Choose the code of the next run: the latest version, or an older one.

    Example: wistia-elt deploy 1a2b3c4
    """
    from flows.releases.deploy import deliver  # noqa: PLC0415

    settings = Settings.load()
    if as_list:
        _show_releases(settings, as_json=as_json)
        return
    if as_json:
        raise click.UsageError("--json is for --list")
    click.echo(deliver(settings, open_lake(settings), version).said)


def _show_releases(settings: Settings, *, as_json: bool) -> None:
    """Print every release, the newest first, and which one runs next."""
    from flows.releases.store import LATEST, choose, open_location, read_choice  # noqa: PLC0415

    location = open_location(settings.code_uri)
    found, chosen = location.find(), read_choice(open_lake(settings))
    runs = choose(found, chosen, location.uri)
    is_held = chosen != LATEST
    if as_json:
        told = [
            {
                "release": one.version,
                "released_at": one.at.isoformat(),
                "runs_next": one == runs,
                "is_held": one == runs and is_held,
            }
            for one in found
        ]
        click.echo(json.dumps(told))
        return
    held = ", held: `wistia-elt deploy` ends that" if is_held else ""
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
    from flows.releases.deploy import make_release_of  # noqa: PLC0415
    from flows.releases.store import open_location  # noqa: PLC0415

    location = open_location(Settings.load().code_uri)
    click.echo(f"released: {location.uri}/{make_release_of(PROJECT_ROOT, location)}.zip")
