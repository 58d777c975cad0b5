"""A stage that fails, hangs or is killed ends its run; what was good stays, the next run heals.

`tests/soak/check_isolation.py` stops runs in every stage, by every signal.
"""

import os
import signal
from pathlib import Path

from tests.support.commands.stopping import Place, dbt_of, hang_the_api, last_run, place, wait_for
from tests.support.lakes.named import VISITORS

__all__ = ["place"]  # the fixture of another room


def test_an_ingest_that_fails_stops_what_comes_after(place: Place) -> None:
    cli, _ = place
    before = cli.tables()

    wrong = cli.call("run", WISTIA_API_TOKEN="wrong")

    assert wrong.returncode == 1
    assert "error: Wistia refused the token" in wrong.stderr
    assert "Traceback" not in wrong.stdout + wrong.stderr
    ended = last_run(cli)
    assert (ended["state"], ended["failed_stage"]) == ("failed", "ingest")
    assert cli.tables() == before


def test_an_ingest_that_hangs_is_stopped_at_its_limit(place: Place) -> None:
    cli, server = place
    before = cli.tables()
    hang_the_api(server)

    done = cli.call("run", STAGE_TIMEOUT_MINUTES="0.1")
    server.control("DELETE", "faults")

    assert done.returncode == 1, done.stderr
    said = "ingest took longer than 0.1 minutes, and was stopped"
    assert f"error: {said}\ntry: see what it waited for" in done.stderr
    ended = last_run(cli)
    assert (ended["state"], ended["failed_stage"], ended["error"]) == ("failed", "ingest", said)
    assert "STAGE_TIMEOUT_MINUTES" in ended["remedy"]
    assert cli.tables() == before


def test_a_build_that_hangs_is_stopped_and_leaves_no_dbt_behind(place: Place) -> None:
    cli, _ = place
    before = cli.tables()
    with cli.start("run", STAGE_TIMEOUT_MINUTES="0.3") as process:
        dbt = wait_for(lambda: dbt_of(process))
        os.kill(dbt, signal.SIGSTOP)
        process.communicate(timeout=900)

    assert process.returncode == 1
    ended = last_run(cli)
    assert ended["failed_stage"] == "build"
    assert ended["error"] == "build took longer than 0.3 minutes, and was stopped"
    assert not Path(f"/proc/{dbt}").exists()
    assert cli.tables() == before


def test_ctrl_c_in_the_build_ends_130_and_leaves_nothing(place: Place) -> None:
    cli, _ = place
    before = cli.tables()
    with cli.start("build") as process:
        dbt = wait_for(lambda: dbt_of(process))
        wait_for(lambda: list(cli.lake.glob("warehouse.building*")))
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)

    assert process.returncode == 130
    assert said.endswith("stopped; the next run goes on from here\n")
    assert not Path(f"/proc/{dbt}").exists()
    assert not list(cli.lake.glob("warehouse.building*"))
    ended = last_run(cli)
    assert (ended["state"], ended["exit_code"]) == ("failed", 130)
    assert ended["error"] == "it was stopped before its end"
    assert cli.tables() == before


def test_after_a_kill_in_the_build_the_next_run_heals(place: Place) -> None:
    cli, _ = place
    before = cli.tables()
    half_built = cli.lake / "warehouse.building.duckdb"
    half_built.unlink(missing_ok=True)
    with cli.start("run") as process:
        dbt = wait_for(lambda: dbt_of(process))
        # Its log begins half a second before its first table.
        log = cli.lake / ".dbt" / "logs" / "dbt.log"
        size = log.stat().st_size
        wait_for(lambda: half_built.exists() and log.stat().st_size > size)
        process.kill()
        process.communicate(timeout=60)
    wait_for(lambda: not Path(f"/proc/{dbt}").exists())
    assert cli.tables() == before

    cli.output_of("run")

    assert last_run(cli)["state"] == "completed"
    assert cli.status()["tables"]["silver.fact_visitors"] == VISITORS + 3


def test_a_build_that_is_killed_says_that_memory_was_short(place: Place) -> None:
    cli, _ = place
    before = cli.tables()
    with cli.start("build") as process:
        os.kill(wait_for(lambda: dbt_of(process)), signal.SIGKILL)
        _, said = process.communicate(timeout=300)

    assert process.returncode == 1
    assert "error: dbt was ended by SIGKILL: no memory was left, as it seems\ntry: free" in said
    assert cli.tables() == before
