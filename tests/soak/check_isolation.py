"""`pytest tests/soak/check_isolation.py`: a stage that fails, hangs or is stopped ends its run."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.flows.conftest import CommandLine, against, prefect_settings
from tests.servers import Sandbox, running_sandbox

__all__ = ["prefect_settings"]  # the fixture of another room
Place = tuple[CommandLine, Sandbox]


@pytest.fixture(scope="module")
def place(
    prefect_settings: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Place]:
    """A lake after one good day, and an account that has moved on since."""
    with running_sandbox(visitors=120, today="2026-01-10") as server:
        cli = against(server, tmp_path_factory.mktemp("isolation"), prefect_settings)
        cli.succeed("run")
        server.advance(new=3, returning=0, hours=24)
        yield cli, server


def hang_the_api(place: Place) -> None:
    place[1].faults({"path": "/stats/visitors", "kind": "hang", "seconds": 600, "times": 1})


def wait_for(look: Callable[[], Any]) -> Any:  # noqa: ANN401
    deadline = time.monotonic() + 240
    while time.monotonic() < deadline:
        if found := look():
            return found
        time.sleep(0.02)
    raise AssertionError("it did not come to that")


def dbt_of(process: subprocess.Popen[str]) -> int | None:
    """The dbt process that a run has started, when it has."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_text()
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        except (OSError, IndexError):
            continue
        if "flows.dbt_child" in command and parent == process.pid:
            return int(folder.name)
    return None


def last(cli: CommandLine) -> dict[str, Any]:
    found: dict[str, Any] = cli.status()["last_run"]
    return found


def test_a_stage_that_hangs_is_stopped_at_its_limit(place: Place) -> None:
    cli, server = place
    before = cli.tables()
    hang_the_api(place)

    done = cli.run("run", STAGE_TIMEOUT_MINUTES="0.1")

    assert done.returncode == 1, done.stderr
    ended = last(cli)
    assert (ended["state"], ended["failed_stage"]) == ("failed", "ingest")
    assert ended["error"] == "it took longer than a stage may, and was stopped"
    assert "STAGE_TIMEOUT_MINUTES" in ended["remedy"]
    assert cli.tables() == before
    server.control("DELETE", "faults")


def test_a_build_that_hangs_is_stopped_and_leaves_no_dbt_behind(place: Place) -> None:
    cli, _ = place
    before = cli.tables()
    with cli.start("run", STAGE_TIMEOUT_MINUTES="0.5") as process:
        dbt = wait_for(lambda: dbt_of(process))
        os.kill(dbt, signal.SIGSTOP)
        process.communicate(timeout=300)

    assert process.returncode == 1
    assert last(cli)["failed_stage"] == "build"
    assert last(cli)["error"] == "it took longer than a stage may, and was stopped"
    assert not Path(f"/proc/{dbt}").exists()
    assert cli.tables() == before


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
@pytest.mark.parametrize("stage", ["ingest", "build"])
def test_a_run_that_is_stopped_in_a_stage_stops_there(
    place: Place, stage: str, how: signal.Signals
) -> None:
    cli, server = place
    before = cli.tables()
    if stage == "ingest":
        hang_the_api(place)
    with cli.start("run") as process:
        if stage == "ingest":
            wait_for(lambda: [f for f in server.control("GET", "faults") if f["struck"]])
        else:
            wait_for(lambda: dbt_of(process))
        process.send_signal(how)
        process.communicate(timeout=120)
    server.control("DELETE", "faults")

    assert process.returncode != 0
    assert cli.tables() == before
    ended = last(cli)
    if how is not signal.SIGKILL:
        assert (ended["state"], ended["failed_stage"]) == ("failed", stage)
        assert ended["error"] == "it was stopped before its end"


def test_the_next_run_heals(place: Place) -> None:
    cli, _ = place
    cli.succeed("run")

    assert last(cli)["state"] == "completed"
    assert cli.status()["tables"]["silver.fact_visitors"] == 123
