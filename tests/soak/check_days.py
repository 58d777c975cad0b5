"""`pytest tests/soak/check_days.py`: five days through server and worker, one of them killed."""

import os
import signal
from pathlib import Path

from tests.soak.sameness import compared
from tests.support.commands.command_line import against
from tests.support.commands.running_up import ports, start_up, stop
from tests.support.commands.stopping import hang_the_api, wait_until_it_hangs
from tests.support.machine.servers import running_sandbox


def test_five_days_end_as_undisturbed_days_do(tmp_path: Path) -> None:
    with running_sandbox(visitors=2_000, today="2026-01-10") as server:
        cli = against(server, tmp_path / "disturbed")
        calm = against(server, tmp_path / "calm")
        for one in (cli, calm):
            one.folder.mkdir()
        cli.settings |= {"PREFECT_HOME": str(cli.folder / "prefect")} | ports()
        up = start_up(cli)
        try:
            for day in range(5):
                server.advance(new=5, returning=20, hours=24)
                if day == 2:
                    hang_the_api(server)
                    dead = up.start("daily")
                    wait_until_it_hangs(server)
                    os.kill(int(up.run(dead)["infrastructure_pid"]), signal.SIGKILL)
                    server.control("DELETE", "faults")
                    assert up.wait(dead, "CRASHED", "COMPLETED", "FAILED") == "CRASHED"
                run = up.start("daily")
                assert up.wait(run, "COMPLETED", "FAILED", "CRASHED", "CANCELLED") == "COMPLETED"
                calm.succeed("ingest")
        finally:
            stop(up)
        calm.succeed("build")

    assert compared(cli) == compared(calm)
    assert len(cli.rows("select * from silver.fact_visitors")) == 2_025
    states = [state for (state,) in cli.rows("select state from silver.fact_runs order by 1")]
    assert states == [*["completed"] * 5, "crashed"]
