"""`pytest tests/soak/check_repair.py`: backfills of a part and of everything change no table."""

from pathlib import Path

from tests.soak.sameness import compared
from tests.support.commands.command_line import against
from tests.support.machine.servers import running_sandbox


def test_a_backfill_reads_past_days_again_and_changes_no_table(tmp_path: Path) -> None:
    with running_sandbox(visitors=300, today="2026-01-10") as server:
        cli = against(server, tmp_path)
        cli.succeed("run")
        before = compared(cli)

        some = cli.succeed("backfill", "--since", "2026-01-01")
        since = cli.status()["resources"]["visitors"]["last_crawl"]
        cli.succeed("backfill")
        everything = cli.status()["resources"]["visitors"]["last_crawl"]

    assert "tables built" in some
    assert 0 < since["pages"] < everything["pages"] == 4
    assert compared(cli) == before
    assert len(cli.rows("select * from silver.fact_runs")) == 3
