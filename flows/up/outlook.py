"""What the Operations page says beside the runs: what is wrong now, and which code comes next."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from math import inf
from typing import TYPE_CHECKING, Any

from flows.alerts.findings import find
from flows.releases.store import LATEST, choose, open_location
from ingestion.config.errors import ReadableError
from ingestion.config.version import code_version

if TYPE_CHECKING:
    from datetime import datetime

    from ingestion.config.settings import Settings
    from reports.history import History

# Releases are looked up no more often than a person deploys.
_KEPT_SECONDS = 60.0


@dataclass(slots=True)
class Outlook:
    """Looks at a history as the alarms do; the settings have their limits, and where code lies."""

    settings: Settings
    _next: str = ""
    _looked_at: float = -inf

    def __call__(self, history: History, now: datetime) -> dict[str, Any]:
        """What the page shows of it.

        Returns:
            `{findings: [{alarm, said, remedy}], code: {now, next}}`, both versions as people
            read them.
        """
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
