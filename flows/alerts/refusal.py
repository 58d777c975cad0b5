"""People are told of a run that could not even begin, and of what another program has seen."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from pydantic import ValidationError

from flows.alerts.channels import AlertSettings, open_channels
from flows.alerts.watch import tell_refused
from ingestion.config.errors import (
    AlarmError,
    ConfigurationError,
    LakeBusyError,
    ReadableError,
    describe,
)
from ingestion.config.settings import folder_of
from ingestion.config.timestamps import utc_now

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from flows.alerts.channels import Channel


@contextmanager
def refusals_told() -> Iterator[None]:
    """Tell people what keeps a run from beginning: a misspelt setting, no token, no lake.

    A lake that another run holds is no fault.
    """
    try:
        yield
    except LakeBusyError:
        raise
    except Exception as error:
        # Whatever is wrong with the channels too, the error itself is what must be shown.
        with suppress(ReadableError, ValidationError, OSError):
            settings = _alert_settings()
            said, remedy = describe(error)
            told = ReadableError(said, remedy or "run it by hand with --debug, and report it")
            tell_refused(told, open_channels(settings), _name_of(settings.lake_uri), utc_now())
        raise


def tell(text: str, channels: Mapping[str, Channel] | None = None) -> list[str]:
    """Tell people a text now through every channel; gives the names of those that took it.

    Raises:
        ConfigurationError: No channel is set.
        AlarmError: One did not take it; the others have been told.
    """
    channels = open_channels(_alert_settings()) if channels is None else channels
    if not channels:
        raise ConfigurationError(
            "nobody can be told: no channel is set",
            "set ALERT_URLS or ALERT_SNS_TOPIC",
        )
    failed: list[AlarmError] = []
    for channel in channels.values():
        try:
            channel.send("wistia-elt: a message", text)
        except AlarmError as error:
            failed.append(error)
    if failed:
        raise failed[0]
    return list(channels)


def _name_of(uri: str) -> str:
    # As the lake itself is called once it can be opened.
    return uri if uri.startswith("s3://") else str(folder_of(uri))


def _alert_settings() -> AlertSettings:
    try:
        return AlertSettings()
    except (ValidationError, UnicodeDecodeError):
        # A .env that cannot be read; the environment may still name someone.
        return AlertSettings(_env_file=None)
