"""`pytest tests/soak/check_repair.py`: backfills of a part and of everything change no table."""

from pathlib import Path

from tests.flows.conftest import against, prefect_settings
from tests.servers import running_sandbox

__all__ = ["prefect_settings"]  # the fixture of another room
# What tells of runs has one more for each.
OF_RUNS = {"silver.fact_runs", "pages.runs", "pages.status"}


def test_a_backfill_reads_past_days_again_and_changes_no_table(
    prefect_settings: dict[str, str], tmp_path: Path
) -> None:
    with running_sandbox(visitors=300, today="2026-01-10") as server:
        cli = against(server, tmp_path, prefect_settings)
        cli.succeed("run")
        before = cli.tables()

        some = cli.succeed("backfill", "--since", "2026-01-01")
        since = cli.status()["resources"]["visitors"]["last_crawl"]
        cli.succeed("backfill")
        everything = cli.status()["resources"]["visitors"]["last_crawl"]

    assert "silver.fact_visitors" in some
    assert 0 < since["pages"] < everything["pages"] == 4
    after = cli.tables()
    assert {n: t for n, t in after.items() if n not in OF_RUNS} == {
        n: t for n, t in before.items() if n not in OF_RUNS
    }
    assert len(after["silver.fact_runs"]) == 3
