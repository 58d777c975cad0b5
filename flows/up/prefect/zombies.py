"""Runs whose process is gone: Prefect is told so.

A process that is killed cannot say that it ended. Its run stays "running" at Prefect and
holds the deployment's only slot: the next day's run would be dropped for a dead one.
"""

from __future__ import annotations

import os
import socket
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from ingestion.config.timestamps import utc_now

if TYPE_CHECKING:
    from reports.prefect import PrefectApi

# A worker tells the process of a run it took within seconds.
_PENDING_FOR = timedelta(minutes=3)
_AT_WORK = {"state": {"type": {"any_": ["PENDING", "RUNNING", "CANCELLING"]}}}
_GONE = "its process ended without a word"


def reap(api: PrefectApi, *, all_here: bool = False) -> list[str]:
    """Mark the runs of this machine whose process is gone as crashed; gives their names.

    `all_here` takes every run of this machine for gone: before its worker has started.

    Raises:
        PrefectError: Prefect does not answer.
    """
    marked = []
    for run in api.filter_runs(_AT_WORK):
        if _is_gone(run, all_here=all_here):
            _mark(api, run["id"], "CRASHED", "Crashed", _GONE)
            marked.append(str(run["name"]))
    return marked


def drop_missed(api: PrefectApi) -> None:
    """Of runs that were due while nothing ran here, keep the newest of each deployment.

    A machine that was off for a week is owed one run, not seven: each reads all that is new.
    """
    wanted = {
        "state": {"type": {"any_": ["SCHEDULED"]}},
        "next_scheduled_start_time": {"before_": utc_now().isoformat()},
    }
    newest: dict[str, dict[str, Any]] = {}
    for run in api.filter_runs(wanted):
        older = newest.get(run["deployment_id"])
        newest[run["deployment_id"]] = run
        if older is not None:
            said = "missed while nothing ran here; the newest of them runs"
            _mark(api, older["id"], "CANCELLED", "Missed", said)


def _is_gone(run: dict[str, Any], *, all_here: bool) -> bool:
    # `1234` of Prefect's process worker, `host:1234` of its older ones.
    host, _, pid = str(run.get("infrastructure_pid") or "").rpartition(":")
    if host not in {"", socket.gethostname()}:
        return False
    if pid.isdecimal():
        return all_here or not _is_process(int(pid))
    since = datetime.fromisoformat(run["state"]["timestamp"])
    is_late = run["state"]["type"] == "PENDING" and utc_now() - since > _PENDING_FOR
    return all_here or is_late


def _is_process(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except PermissionError:
        return True
    except (ProcessLookupError, OverflowError):
        return False
    return True


def _mark(api: PrefectApi, run_id: str, kind: str, name: str, message: str) -> None:
    state = {"type": kind, "name": name, "message": message}
    api.ask("POST", f"/flow_runs/{run_id}/set_state", {"state": state})
