"""`python -m flows.up.pages NUMBER`: the pages' server, on a socket that `up` holds."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from math import inf
from typing import TYPE_CHECKING, Any

import click

from flows.alerts.findings import find
from flows.releases.store import LATEST, choose, open_location
from flows.up.prefect.access import read_access
from ingestion.config.errors import ReadableError
from ingestion.config.settings import Settings
from ingestion.config.version import code_version
from ingestion.terminal import show_errors
from reports.server.app import serve

if TYPE_CHECKING:
    from datetime import datetime

    from reports.history import History

# Releases are looked up no more often than a person deploys.
_KEPT_SECONDS = 60.0


@dataclass(slots=True)
class Outlook:
    """What the Operations page says beside the runs: what is wrong now, and which code is next."""

    settings: Settings
    _next: str = ""
    _looked_at: float = -inf

    def __call__(self, history: History, now: datetime) -> dict[str, Any]:
        """`{findings: [{alarm, said, remedy}], code: {now, next}}`; the versions as read."""
        if time.monotonic() - self._looked_at > _KEPT_SECONDS:
            self._next, self._looked_at = _look_up(self.settings), time.monotonic()
        return {
            "findings": [asdict(one) for one in find(self.settings, history, now)],
            "code": {"now": code_version(), "next": self._next},
        }


def _look_up(settings: Settings) -> str:
    if settings.code_uri is None:
        return "the newest commit of its branch"
    if settings.code_pipeline is not None:
        return f"a release that {settings.code_pipeline} makes of the newest commit"
    try:
        location = open_location(settings.code_uri)
        return choose(location.find(), LATEST, location.uri).version
    except ReadableError as error:
        return f"the newest release, which cannot be looked up: {error}"


def serve_pages(descriptor: int | None = None) -> None:
    """Serve until told to stop, on the socket that a parent has bound or on one of ours."""
    settings = Settings.load()
    serve(settings, *read_access(), click.echo, descriptor, Outlook(settings))


@click.command()
@click.argument("descriptor", type=int)
def main(descriptor: int) -> None:
    """Serve until told to stop."""
    serve_pages(descriptor)


if __name__ == "__main__":
    show_errors(main)
