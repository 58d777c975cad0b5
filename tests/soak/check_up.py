"""`pytest tests/soak/check_up.py`: `wistia-elt up`, used and hurt as in real life."""

import os
import signal
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import requests
from playwright.sync_api import expect

from tests.browser import running_chromium
from tests.flows.conftest import CommandLine, against
from tests.servers import Sandbox, running_sandbox
from tests.soak.running_up import Up, free_port, processes_of, start_up, until

PASSWORD = "turn the wheel"  # noqa: S105  # pragma: allowlist secret


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[CommandLine, Sandbox]]:
    with running_sandbox(visitors=300, today="2026-01-10") as server:
        cli = against(server, tmp_path_factory.mktemp("up"))
        cli.settings |= {
            "PREFECT_HOME": str(cli.folder / "prefect"),
            "PREFECT_SERVER_API_PORT": str(free_port()),
            "SERVE_PORT": str(free_port()),
            "OPERATIONS_PASSWORD": PASSWORD,
        }
        yield cli, server


@pytest.fixture(scope="module")
def up(world: tuple[CommandLine, Sandbox]) -> Iterator[Up]:
    found = start_up(world[0])
    try:
        yield found
    finally:
        # The last test replaces the process by another of the same place.
        found.process.terminate()
        found.process.communicate(timeout=90)
        assert processes_of(found.home) == {}


def test_one_command_plans_every_deployment_behind_a_password(up: Up) -> None:
    crons = {
        name: [s["schedule"]["cron"] for s in up.deployment(name)["schedules"]]
        for name in ("daily", "reconcile", "maintenance", "deploy")
    }

    assert crons == {
        "daily": ["54 7 * * *"],
        "reconcile": ["54 3 * * 0"],
        "maintenance": ["54 5 * * 0"],
        "deploy": [],
    }
    options = [up.deployment(name)["concurrency_options"] for name in crons]
    assert {one["collision_strategy"] for one in options} == {"CANCEL_NEW"}
    wanted = {"state": {"type": {"any_": ["SCHEDULED"]}}}
    deployment = {"name": {"any_": ["daily"]}}
    planned = until(
        lambda: (
            up.ask("POST", "/flow_runs/filter", {"flow_runs": wanted, "deployments": deployment})
            or None
        )
    )
    assert {run["expected_start_time"][11:16] for run in planned} == {"07:54"}

    assert requests.get(f"{up.api}/flows/count", timeout=30).status_code in {401, 405}
    assert requests.post(f"{up.api}/flow_runs/filter", json={}, timeout=30).status_code == 401
    assert (up.home / "up.auth").stat().st_mode & 0o777 == 0o600


def test_the_button_runs_the_pipeline_and_a_second_run_meanwhile_is_refused(up: Up) -> None:
    with running_chromium() as browser:
        page = browser.new_page(base_url=up.pages)
        page.goto("/operations")
        page.fill("#password", PASSWORD)
        page.keyboard.press("Enter")
        page.get_by_role("button", name="Run the pipeline now").click()
        expect(page.get_by_role("status")).to_have_text(
            "The pipeline has been started.", timeout=30_000
        )
        expect(page.get_by_role("button", name="Run the pipeline now")).to_be_disabled()
        first = until(lambda: working(up))
        up.wait(first, "RUNNING", "COMPLETED")
        second = up.start("daily")

        expect(page.get_by_role("heading", level=1)).to_contain_text("All is well", timeout=300_000)
        page.close()

    assert up.wait(first, "COMPLETED", "FAILED", "CRASHED") == "COMPLETED"
    assert up.wait(second, "CANCELLED", "COMPLETED", "FAILED") == "CANCELLED"
    status = up.cli.status()
    assert status["tables"]["silver.fact_visitors"] == 300
    assert status["last_run"]["state"] == "completed"
    shown = up.ask("POST", "/artifacts/filter", {})
    assert {artifact["key"] for artifact in shown} == {"reading", "dbt-nodes", "summary"}
    summary = next(artifact["data"] for artifact in shown if artifact["key"] == "summary")
    assert "300 new visitors, 0 returning" in summary
    nodes = next(artifact["data"] for artifact in shown if artifact["key"] == "dbt-nodes")
    assert "fact_audience_insights" in nodes


def working(up: Up) -> str | None:
    states = {"type": {"any_": ["PENDING", "RUNNING", "COMPLETED"]}}
    found = up.ask("POST", "/flow_runs/filter", {"flow_runs": {"state": states}})
    return str(found[0]["id"]) if found else None


def test_after_a_kill_the_dead_run_is_marked_and_the_next_one_heals(
    up: Up, world: tuple[CommandLine, Sandbox]
) -> None:
    world[1].advance(new=4, returning=0, hours=24)
    before = up.cli.tables()
    dead = up.start("daily")
    up.wait(dead, "RUNNING")
    pid = int(up.run(dead)["infrastructure_pid"])
    workers = [
        pid
        for pid, command in processes_of(up.home).items()
        if "worker start" in command and "keeper" not in command
    ]
    for one in (*workers, pid):
        os.kill(one, signal.SIGKILL)

    assert up.wait(dead, "CRASHED", "COMPLETED", "FAILED") == "CRASHED"
    until(lambda: up.cli.status()["last_run"]["state"] == "crashed" or None)
    assert up.cli.tables() == before

    healed = up.start("daily")
    assert up.wait(healed, "COMPLETED", "CANCELLED", "FAILED", "CRASHED") == "COMPLETED"
    assert up.cli.status()["tables"]["silver.fact_visitors"] == 304


def test_a_machine_that_was_off_runs_once_when_it_comes_back(up: Up) -> None:
    soon = datetime.now(UTC) + timedelta(seconds=20)
    missed = [up.start("daily", soon), up.start("daily", soon + timedelta(seconds=1))]
    # As when the power fails: nobody is told, and nothing may stay behind.
    up.process.kill()
    up.process.communicate(timeout=30)
    until(lambda: processes_of(up.home) == {} or None, 60)

    again = start_up(up.cli)
    up.process = again.process
    ended = [up.wait(run, "COMPLETED", "CANCELLED", "FAILED", "CRASHED") for run in missed]

    assert sorted(ended) == ["CANCELLED", "COMPLETED"]


def test_only_one_is_at_work_in_a_place(up: Up) -> None:
    second = up.cli.run("up")

    assert second.returncode == 1
    assert "another `wistia-elt up` is at work" in second.stderr
    assert "try: use that one" in second.stderr
