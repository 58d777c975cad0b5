"""`pytest tests/soak/check_isolation.py`: runs stopped in each stage by each signal."""

import signal
from collections.abc import Iterator

import pytest

from tests.flows.conftest import CommandLine, against, prefect_settings
from tests.servers import Sandbox, running_sandbox
from tests.stopping import dbt_of, hang_the_api, last_run, wait_for

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
            wait_for(lambda: [f for f in server.control("GET", "faults") if f["struck"]])
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
    assert cli.status()["tables"]["silver.fact_visitors"] == 123
