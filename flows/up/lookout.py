"""What `up` looks after while it runs: dead runs, and what people are to be told."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING

from flows.alerts.watch import watch
from flows.up.prefect.zombies import reap
from ingestion.config.errors import LakeError
from ingestion.config.timestamps import utc_now
from ingestion.state.recovery import close_dead_runs

if TYPE_CHECKING:
    from collections.abc import Callable

    from flows.up.prefect.api import PrefectApi
    from ingestion.config.settings import Settings
    from ingestion.storage.base import Lake

# Every look reads the manifests: in a bucket each is a request that costs.
_LOCAL_SECONDS, _BUCKET_SECONDS = 30.0, 900.0


class Lookout:
    """Looks at Prefect at each call, and at the lake now and then.

    Args:
        settings: Where the lake is, and who is told.
        api: Prefect.
        lake: Holds the manifests.
        clock: Monotonic seconds.
    """

    def __init__(
        self,
        settings: Settings,
        api: PrefectApi,
        lake: Lake,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Look at the lake at the first call."""
        self._settings = settings
        self._api = api
        self._lake = lake
        self._clock = clock
        self._between = _BUCKET_SECONDS if settings.on_s3 else _LOCAL_SECONDS
        self._due = clock()

    def __call__(self) -> list[str]:
        """Look once.

        Returns:
            The names of the runs that died without a word since the last look.

        Raises:
            PrefectError: Prefect does not answer.
        """
        marked: list[str] = []
        try:
            marked = reap(self._api, utc_now)
        finally:
            # A Prefect that does not answer keeps nobody from hearing of the lake.
            if marked or self._clock() >= self._due:
                self._due = self._clock() + self._between
                self._look_at_lake()
        return marked

    def _look_at_lake(self) -> None:
        # A lake that cannot be read or written is the first thing to tell.
        with suppress(LakeError):
            close_dead_runs(self._lake, utc_now)
        watch(self._settings, self._lake, utc_now)
