"""`pytest tests/soak/check_up.py`: `wistia-elt up`, used and hurt as in real life."""

import os
import signal
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import expect

from tests.support.commands.running_up import (
    Up,
    World,
    account_for_up,
    processes_of,
    start_up,
    until,
    up,
)
from tests.support.machine.browser import running_chromium, visiting

__all__ = ["up"]  # the fixture beside it
PASSWORD = "turn the wheel"  # noqa: S105  # pragma: allowlist secret


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with account_for_up(tmp_path_factory.mktemp("up"), OPERATIONS_PASSWORD=PASSWORD) as made:
        yield made


def test_the_button_runs_the_pipeline_and_a_second_run_meanwhile_is_refused(up: Up) -> None:
    with running_chromium() as browser, visiting(browser, base_url=up.pages) as page:
        page.goto("/operations")
        page.fill("#password", PASSWORD)
        page.keyboard.press("Enter")
        page.get_by_role("button", name="Run the pipeline now").click()
        page.get_by_role("button", name="Run", exact=True).click()
        expect(page.get_by_role("status")).to_have_text(
            "The pipeline has been started.", timeout=30_000
        )
        expect(page.get_by_role("button", name="Run the pipeline now")).to_be_disabled()
        first = until(lambda: working(up))
        up.wait(first, "RUNNING")
        with up.held(first):
            second = up.start("daily")
            assert up.wait(second, "CANCELLED", "COMPLETED", "FAILED") == "CANCELLED"

        expect(page.get_by_role("heading", level=1)).to_contain_text("All is well", timeout=300_000)

    assert up.wait(first, "COMPLETED", "FAILED", "CRASHED") == "COMPLETED"
    status = up.cli.status()
    assert status["tables"]["silver.fact_visitors"] == 300
    assert status["last_run"]["state"] == "completed"
    shown = up.ask("POST", "/artifacts/filter", {})
    assert [artifact["key"] for artifact in shown] == ["summary"]
    assert "300 new visitors, 0 returning" in shown[0]["data"]


def working(up: Up) -> str | None:
    states = {"type": {"any_": ["PENDING", "RUNNING", "COMPLETED"]}}
    found = up.ask("POST", "/flow_runs/filter", {"flow_runs": {"state": states}})
    return str(found[0]["id"]) if found else None


def test_a_machine_that_was_off_runs_once_when_it_comes_back(up: Up) -> None:
    soon = datetime.now(UTC) + timedelta(seconds=20)
    missed = [up.start("daily", soon), up.start("daily", soon + timedelta(seconds=1))]
    # As when the power fails: nobody is told, and nothing may stay behind.
    up.process.kill()
    up.process.wait(timeout=30)
    until(lambda: processes_of(up.home) == {} or None, 60)

    again = start_up(up.cli)
    up.process = again.process
    ended = [up.wait(run, "COMPLETED", "CANCELLED", "FAILED", "CRASHED") for run in missed]

    assert sorted(ended) == ["CANCELLED", "COMPLETED"]


def test_a_machine_that_slept_runs_once_when_it_wakes(up: Up) -> None:
    soon = datetime.now(UTC) + timedelta(seconds=15)
    missed = [up.start("daily", soon), up.start("daily", soon + timedelta(seconds=1))]
    everything = list(processes_of(up.home))
    for one in everything:
        os.kill(one, signal.SIGSTOP)
    time.sleep(25)
    for one in everything:
        os.kill(one, signal.SIGCONT)
    ended = [up.wait(run, "COMPLETED", "CANCELLED", "FAILED", "CRASHED") for run in missed]

    assert sorted(ended) == ["CANCELLED", "COMPLETED"]
