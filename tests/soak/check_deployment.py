"""The daily deployment of prefect.yaml, run once by a real server and worker."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

from tests.flows.conftest import against
from tests.prefect_server import PREFECT
from tests.servers import ROOT, Sandbox


def prefect(*arguments: str, environment: dict[str, str]) -> str:
    done = subprocess.run(
        [str(PREFECT), "--no-prompt", *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=180,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@contextmanager
def worker(environment: dict[str, str], log: Path) -> Iterator[None]:
    command = [str(PREFECT), "worker", "start", "--pool", "wistia-elt", "--type", "process"]
    with (
        log.open("w") as file,
        subprocess.Popen(command, cwd=ROOT, env=environment, stdout=file, stderr=file) as process,
    ):
        try:
            yield
        finally:
            process.terminate()
            process.wait(timeout=30)


def test_the_daily_deployment_runs_to_its_end(
    sandbox: Sandbox, prefect_settings: dict[str, str], tmp_path: Path
) -> None:
    cli = against(sandbox, tmp_path, prefect_settings)
    environment = cli.environment(LAKE_URI=str(cli.lake))
    url = prefect_settings["PREFECT_API_URL"]

    prefect("work-pool", "create", "wistia-elt", "--type", "process", environment=environment)
    prefect("deploy", "--all", environment=environment)
    deployment = requests.get(f"{url}/deployments/name/daily/daily", timeout=30).json()

    (schedule,) = deployment["schedules"]
    assert (schedule["schedule"]["cron"], schedule["schedule"]["timezone"]) == ("54 7 * * *", "UTC")
    assert schedule["active"] is True
    assert deployment["concurrency_options"]["collision_strategy"] == "CANCEL_NEW"
    assert deployment["global_concurrency_limit"]["limit"] == 1

    wait_for_schedule(url, deployment["id"])
    with worker(environment, tmp_path / "worker.log"):
        run = requests.post(
            f"{url}/deployments/{deployment['id']}/create_flow_run", json={}, timeout=30
        ).json()
        ended = wait_for_end(url, run["id"])

    assert ended["state"]["type"] == "COMPLETED", (tmp_path / "worker.log").read_text()[-3000:]
    assert ended["parameters"] == {}
    assert cli.status()["tables"]["silver.fact_visitors"] == 300
    assert cli.status()["last_run"]["state"] == "completed"


def wait_for_schedule(url: str, deployment_id: str) -> None:
    """The server plans the next days at 07:54 UTC by itself."""
    wanted = {
        "deployments": {"id": {"any_": [deployment_id]}},
        "flow_runs": {"state": {"type": {"any_": ["SCHEDULED"]}}},
    }
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        planned = requests.post(f"{url}/flow_runs/filter", json=wanted, timeout=30).json()
        if planned:
            times = {run["expected_start_time"][11:16] for run in planned}
            assert times == {"07:54"}
            return
        time.sleep(1)
    raise AssertionError("the server planned no run")


def wait_for_end(url: str, run_id: str) -> dict[str, Any]:
    deadline = time.monotonic() + 240
    while time.monotonic() < deadline:
        found: dict[str, Any] = requests.get(f"{url}/flow_runs/{run_id}", timeout=30).json()
        if found["state"]["type"] in {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"}:
            return found
        time.sleep(1)
    raise AssertionError(f"the flow run {run_id} did not end")
