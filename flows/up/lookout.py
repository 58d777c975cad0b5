"""What `up` looks after while it runs: dead runs, and what people are to be told.

A process that is killed cannot say that it ended. Its run stays "running" at Prefect and
holds the deployment's only slot: the next day's run would be dropped for a dead one.
"""

from __future__ import annotations

import os
import socket
import time
from contextlib import suppress
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from flows.alerts.findings import Finding
from flows.alerts.watch import watch
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
# A worker tells the process of a run it took within seconds.
_PENDING_FOR = timedelta(minutes=3)


class Lookout:
    """Looks at Prefect at each call, and at the lake now and then."""

    def __init__(
        self,
        settings: Settings,
        api: PrefectApi,
        lake: Lake,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings, self._api, self._lake, self._clock = settings, api, lake, clock
        self._due = self._answered = clock()
        self._is_told = False

    def __call__(self) -> list[str]:
        """Look once; gives the names of the runs that died without a word since the last look."""
        marked: list[str] = []
        silent: list[Finding] = []
        try:
            marked = reap(self._api)
            self._answered = self._clock()
        except PrefectError as error:
            if self._clock() - self._answered >= _SILENT_SECONDS:
                said = f"Prefect has not answered for five minutes, so no run begins: {error}"
                silent = [Finding("prefect", said, error.remedy)]
            raise
        finally:
            # A Prefect that does not answer keeps nobody from hearing of the lake.
            if marked or bool(silent) != self._is_told or self._clock() >= self._due:
                between = _BUCKET_SECONDS if self._settings.on_s3 else _LOCAL_SECONDS
                self._due, self._is_told = self._clock() + between, bool(silent)
                # A lake that cannot be read or written is the first thing to tell.
                with suppress(LakeError):
                    close_dead_runs(self._lake, utc_now)
                watch(self._settings, self._lake, utc_now, also=silent)
        return marked


def reap(api: PrefectApi, *, all_here: bool = False) -> list[str]:
    """Mark the runs of this machine whose process is gone as crashed; gives their names.

    `all_here` takes every run of this machine for gone: before its worker has started.
    """
    at_work = api.filter_runs("PENDING", "RUNNING", "CANCELLING")
    gone = [run for run in at_work if _is_here(run) and (all_here or _is_gone(run))]
    for run in gone:
        _mark(api, run, "CRASHED", "Crashed", "its process ended without a word")
    return [str(run["name"]) for run in gone]


def drop_missed(api: PrefectApi) -> None:
    """Of runs that were due while nothing ran here, keep the newest of each deployment.

    A machine that was off for a week is owed one run, not seven: each reads all that is new.
    """
    due = api.filter_runs("SCHEDULED", next_scheduled_start_time={"before_": utc_now().isoformat()})
    newest = {run["deployment_id"]: run for run in due}
    for run in due:
        if run is not newest[run["deployment_id"]]:
            said = "missed while nothing ran here; the newest of them runs"
            _mark(api, run, "CANCELLED", "Missed", said)


def _process_of(run: dict[str, Any]) -> tuple[str, str]:
    # `1234` of Prefect's process worker, `host:1234` of its older ones.
    host, _, pid = str(run.get("infrastructure_pid") or "").rpartition(":")
    return host, pid


def _is_here(run: dict[str, Any]) -> bool:
    return _process_of(run)[0] in {"", socket.gethostname()}


def _is_gone(run: dict[str, Any]) -> bool:
    _, pid = _process_of(run)
    if not pid.isdecimal():
        since = datetime.fromisoformat(run["state"]["timestamp"])
        return run["state"]["type"] == "PENDING" and utc_now() - since > _PENDING_FOR
    try:
        os.kill(int(pid), 0)
    except PermissionError:
        return False
    except (ProcessLookupError, OverflowError):
        return True
    return False


def _mark(api: PrefectApi, run: dict[str, Any], kind: str, name: str, message: str) -> None:
    state = {"type": kind, "name": name, "message": message}
    api.ask("POST", f"/flow_runs/{run['id']}/set_state", {"state": state})
