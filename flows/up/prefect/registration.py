"""What `prefect.yaml` declares, made true at a server: no more, no less."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from flows.up.prefect.access import command_environment, read_access
from ingestion.config.errors import PrefectError
from ingestion.config.settings import PROJECT_ROOT
from reports.prefect import POOL, PrefectApi
from reports.processes import run_command

if TYPE_CHECKING:
    from collections.abc import Mapping

# The interpreter that looks for releases; set by who has one, for runs and their deployments.
LAUNCHER = "RELEASELAUNCHER"
_DECLARATION = PROJECT_ROOT / "prefect.yaml"


def register(api: PrefectApi, environment: Mapping[str, str]) -> None:
    """Register the pool and every deployment, and remove what is not declared any more.

    Prefect's own `deploy` keeps a schedule that was changed in the file beside the new one, and a
    deployment that was taken out of it: both would go on starting runs.
    """
    if api.ask("GET", f"/work_pools/{POOL}") is None:
        _prefect(environment, "work-pool", "create", POOL, "--type", "process")
    _prefect(environment, "deploy", "--all")
    declarations = yaml.safe_load(_DECLARATION.read_text(encoding="utf-8"))["deployments"]
    declared = {one["name"]: one for one in declarations}
    ours = {"work_pools": {"name": {"any_": [POOL]}}}
    for found in api.ask("POST", "/deployments/filter", ours) or []:
        place = f"/deployments/{found['id']}"
        if found["name"] not in declared:
            api.ask("DELETE", place)
            continue
        if environment.get("CODE_URI"):
            # The code of whoever first registered looks for releases: these come and go.
            python = environment.get(LAUNCHER) or sys.executable
            launch = shlex.join([python, "-m", "flows.up.prefect.launch"])
            command = {"command": launch}
            api.ask("PATCH", place, {"job_variables": {**found["job_variables"], **command}})
        for schedule in _stale_schedules(found["schedules"], declared[found["name"]]):
            api.ask("DELETE", f"{place}/schedules/{schedule}")


def _stale_schedules(registered: list[dict[str, Any]], declared: dict[str, Any]) -> list[str]:
    """Ids of the schedules that the file does not have, or has once and the server twice."""
    wanted = [(one["cron"], one.get("timezone", "UTC")) for one in declared.get("schedules", ())]
    stale = []
    for found in registered:
        rule = (found["schedule"].get("cron"), found["schedule"].get("timezone") or "UTC")
        if rule in wanted:
            wanted.remove(rule)
        else:
            stale.append(found["id"])
    return stale


def _prefect(environment: Mapping[str, str], *arguments: str) -> None:
    command = [str(Path(sys.executable).with_name("prefect")), "--no-prompt", *arguments]
    ended = run_command(PROJECT_ROOT, *command, environment=environment)
    if ended.failure:
        raise PrefectError(
            f"`prefect {' '.join(arguments)}` ended {ended.code}: {ended.failure}",
            "read the server's log",
        )


def register_own() -> None:
    """Register this folder's deployments where Prefect's settings say."""
    url, headers = read_access()
    if url is not None:
        register(PrefectApi(url, headers), command_environment(url))


if __name__ == "__main__":
    register_own()
