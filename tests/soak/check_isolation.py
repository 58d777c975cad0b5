"""`pytest tests/soak/check_isolation.py`: runs ended in each stage, by signals and by Prefect."""

import hashlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.commands.running_up import Up, World, account_for_up, processes_of, until, up
from tests.support.commands.stopping import (
    Place,
    dbt_of,
    hang_the_api,
    last_run,
    place,
    wait_for,
    wait_until_it_hangs,
)
from tests.support.lakes.named import VISITORS

__all__ = ["place", "up"]  # the fixtures of other rooms
ENDED = ("COMPLETED", "FAILED", "CRASHED", "CANCELLED")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    # Its runs build the pages too: with the Node that the tests of the pages use.
    path = os.environ["TESTS_REAL_PATH"]
    with account_for_up(tmp_path_factory.mktemp("served"), PATH=path) as made:
        yield made


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
@pytest.mark.parametrize("stage", ["ingest", "build"])
def test_a_run_that_is_stopped_in_a_stage_stops_there(
    place: Place, stage: str, how: signal.Signals
) -> None:
    cli, server = place
    before = cli.tables()
    if stage == "ingest":
        hang_the_api(server)
    with cli.start("run") as process:
        if stage == "ingest":
            wait_until_it_hangs(server)
        else:
            wait_for(lambda: dbt_of(process))
        process.send_signal(how)
        process.communicate(timeout=120)
    server.control("DELETE", "faults")

    assert process.returncode != 0
    assert cli.tables() == before
    ended = last_run(cli)
    if how is not signal.SIGKILL:
        assert (ended["state"], ended["failed_stage"]) == ("failed", stage)
        assert ended["error"] == "it was stopped before its end"


def test_the_next_run_heals(place: Place) -> None:
    cli, _ = place
    cli.succeed("run")

    assert last_run(cli)["state"] == "completed"
    assert cli.status()["tables"]["silver.fact_visitors"] == VISITORS + 3


def test_a_first_served_run_is_good(up: Up, world: World) -> None:
    assert up.wait(up.start("daily"), *ENDED) == "COMPLETED"
    world[1].advance(new=3, returning=0, hours=24)


@pytest.mark.parametrize("how", ["CANCELLED", "CRASHED"])
@pytest.mark.parametrize("stage", ["ingest", "build"])
def test_a_served_run_that_is_cancelled_or_killed_in_a_stage_stops_there(
    up: Up, world: World, stage: str, how: str
) -> None:
    cli, server = world
    before = cli.tables()
    if stage == "ingest":
        hang_the_api(server)
    run = up.start("daily")
    if stage == "ingest":
        wait_until_it_hangs(server)
    else:
        until(lambda: below(up, "dbt_child"))
    end(up, run, how)
    ended = up.wait(run, *ENDED)
    server.control("DELETE", "faults")

    assert ended == how
    until(lambda: not below(up, "dbt_child"), 60)
    assert cli.tables() == before
    told = until(lambda: last_run(cli) if last_run(cli)["state"] != "running" else None, 120)
    assert (told["state"], told["failed_stage"]) in {("failed", stage), ("crashed", stage)}


@pytest.mark.parametrize("how", ["CANCELLED", "CRASHED"])
def test_a_served_run_that_is_cancelled_or_killed_in_publish_leaves_the_last_good_pages(
    up: Up, world: World, how: str
) -> None:
    cli, server = world
    before = files_of(cli.lake / "site")
    assert before
    # Without something new there is nothing to build; it is of the day that AS_OF_DATE is.
    server.advance(new=2, returning=0, hours=1)
    run = up.start("daily")
    until(lambda: builders_in(cli.lake / ".pages"))
    end(up, run, how)

    assert up.wait(run, *ENDED) == how
    # Nothing may be left that takes 3 GB.
    until(lambda: not builders_in(cli.lake / ".pages"), 60)
    assert files_of(cli.lake / "site") == before
    told = until(lambda: last_run(cli) if last_run(cli)["state"] != "running" else None, 120)
    assert (told["state"], told["failed_stage"]) in {("failed", "publish"), ("crashed", "publish")}


def files_of(folder: Path) -> dict[str, str]:
    """The digest of every file below."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def end(up: Up, run: str, how: str) -> None:
    """Cancel a served run, or kill its process."""
    if how == "CANCELLED":
        cancelling = {"state": {"type": "CANCELLING", "name": "Cancelling"}}
        up.ask("POST", f"/flow_runs/{run}/set_state", cancelling)
    else:
        os.kill(int(up.run(run)["infrastructure_pid"]), signal.SIGKILL)


def builders_in(folder: Path) -> list[int]:
    """The processes at work below the folder: Node's know nothing of Prefect."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if (process / "cwd").readlink().is_relative_to(folder):
                found.append(int(process.name))
        except OSError:
            continue
    return found


def below(up: Up, what: str) -> list[int]:
    """The processes of its runs whose command has this in it."""
    return [
        one
        for one, command in processes_of(up.home).items()
        if what in command and "processes.py" not in command
    ]


def test_the_next_served_run_heals(up: Up) -> None:
    assert up.wait(up.start("daily"), *ENDED) == "COMPLETED"
    assert up.cli.status()["tables"]["silver.fact_visitors"] == 307
    assert last_run(up.cli)["state"] == "completed"
