"""What `up` looks after while it runs: dead runs, and what people are to be told."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING

from flows.alerts.findings import Finding
from flows.alerts.watch import watch
from flows.up.prefect.zombies import reap
from ingestion.config.errors import LakeError, PrefectError
from ingestion.config.timestamps import utc_now
from ingestion.state.recovery import close_dead_runs

if TYPE_CHECKING:
    from collections.abc import Callable

    from ingestion.config.settings import Settings
    from ingestion.storage.base import Lake
    from reports.prefect import PrefectApi

# Every look reads the manifests: in a bucket each is a request that costs.
_LOCAL_SECONDS, _BUCKET_SECONDS = 30.0, 900.0
# Prefect's server is started again within a minute where it died.
_SILENT_SECONDS = 300.0


class Lookout:
    """Looks at Prefect at each call, and at the lake now and then."""

    def __init__(
        self,
        settings: Settings,
        api: PrefectApi,
        lake: Lake,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._api = api
        self._lake = lake
        self._clock = clock
        self._between = _BUCKET_SECONDS if settings.on_s3 else _LOCAL_SECONDS
        self._due = self._answered = clock()
        self._is_told = False

    def __call__(self) -> list[str]:
        """Look once; gives the names of the runs that died without a word since the last look.

        Raises:
            PrefectError: Prefect does not answer.
        """
        marked: list[str] = []
        silent: list[Finding] = []
        try:
            marked = reap(self._api)
            self._answered = self._clock()
        except PrefectError as error:
            silent = self._describe_silence(error)
            raise
        finally:
            # A Prefect that does not answer keeps nobody from hearing of the lake.
            is_news = bool(silent) != self._is_told
            if marked or is_news or self._clock() >= self._due:
                self._due = self._clock() + self._between
                self._is_told = bool(silent)
                self._look_at_lake(silent)
        return marked

    def _describe_silence(self, error: PrefectError) -> list[Finding]:
        seconds = self._clock() - self._answered
        if seconds < _SILENT_SECONDS:
            return []
        said = f"Prefect has not answered for five minutes, so no run begins: {error}"
        return [Finding("prefect", said, error.remedy)]

    def _look_at_lake(self, silent: list[Finding]) -> None:
        # A lake that cannot be read or written is the first thing to tell.
        with suppress(LakeError):
            close_dead_runs(self._lake, utc_now)
        watch(self._settings, self._lake, utc_now, also=silent)
