"""`pytest tests/soak/check_isolation.py`: runs stopped in each stage by each signal."""

import signal

import pytest

from tests.flows.conftest import prefect_settings
from tests.stopping import (
    Place,
    dbt_of,
    hang_the_api,
    last_run,
    place,
    wait_for,
    wait_until_it_hangs,
)

__all__ = ["place", "prefect_settings"]  # the fixtures of another room


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
    assert cli.status()["tables"]["silver.fact_visitors"] == 123
