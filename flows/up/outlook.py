"""What the Operations page says beside the runs: what is wrong now, and which code comes next."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from flows.alerts.findings import find
from flows.releases.store import LATEST, choose, open_location
from ingestion.config.errors import ReadableError
from ingestion.config.version import code_version

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from ingestion.config.settings import Settings
    from reports.history import History

# Releases are looked up no more often than a person deploys.
_KEPT_SECONDS = 60.0


class Outlook:
    """Looks at a history as the alarms do.

    Args:
        settings: Their limits, and where releases lie.
        monotonic: Seconds that only go on.
    """

    def __init__(self, settings: Settings, monotonic: Callable[[], float] = time.monotonic) -> None:
        """Look at nothing yet."""
        self._settings = settings
        self._monotonic = monotonic
        self._next: tuple[float, str] | None = None

    def __call__(self, history: History, now: datetime) -> dict[str, Any]:
        """What the page shows of it.

        Returns:
            `{findings: [{alarm, said, remedy}], code: {now, next}}`, both versions as people
            read them.
        """
        found = find(self._settings, history, now)
        return {
            "findings": [
                {"alarm": one.alarm, "said": one.said, "remedy": one.remedy} for one in found
            ],
            "code": {"now": code_version(), "next": self._newest()},
        }

    def _newest(self) -> str:
        at = self._monotonic()
        if self._next is None or at - self._next[0] > _KEPT_SECONDS:
            self._next = (at, _look_up(self._settings))
        return self._next[1]


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
