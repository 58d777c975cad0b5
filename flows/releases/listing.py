"""What `deploy --list` prints."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flows.releases.choice import read_choice
from flows.releases.location import LATEST, Location, choose, open_location
from ingestion.config.errors import ConfigurationError
from ingestion.storage.base import open_lake
from ingestion.terminal import show_table

if TYPE_CHECKING:
    from ingestion.config.settings import Settings


def need_location(settings: Settings) -> Location:
    """Where releases lie.

    Raises:
        ConfigurationError: CODE_URI is not set.
    """
    if settings.code_uri is None:
        raise ConfigurationError(
            "CODE_URI is not set, so code comes by git and not as releases",
            "set CODE_URI to a folder or s3://bucket/prefix",
        )
    return open_location(settings.code_uri)


def show_releases(settings: Settings) -> None:
    """Print every release, the newest first, and which one runs next.

    Raises:
        ConfigurationError: CODE_URI is not set.
        DeliveryError: There is none, or AWS refuses.
    """
    location = need_location(settings)
    found, chosen = location.find(), read_choice(open_lake(settings))
    runs = choose(found, chosen, location.uri)
    held = "" if chosen == LATEST else ", held: `wistia-elt deploy` ends that"
    rows = [
        (one.version, f"{one.at:%Y-%m-%d %H:%M:%S}", f"runs next{held}" if one == runs else "")
        for one in found
    ]
    show_table(("release", "since (UTC)", ""), rows)
