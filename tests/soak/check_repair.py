"""`pytest tests/soak/check_repair.py`: reading again, building again, building the past."""

from pathlib import Path

import pytest

from tests.flows.conftest import CommandLine, against, prefect_settings
from tests.servers import running_sandbox

__all__ = ["prefect_settings"]  # the fixture of another room


@pytest.fixture(scope="module")
def days(tmp_path_factory: pytest.TempPathFactory) -> CommandLine:
    """Two days: 300 visitors, then 4 new and 20 that came back; the second landed today."""
    with running_sandbox(visitors=300, today="2026-01-10") as server:
        cli = against(server, tmp_path_factory.mktemp("repair"))
        cli.succeed("ingest")
        cli.succeed("build")
        date_back(cli, "2026-01-09")
        server.advance(new=4, returning=20, hours=24)
        cli.succeed("ingest")
        cli.succeed("build")
    return cli


def date_back(cli: CommandLine, day: str) -> None:
    """What has landed today landed on this day: names and manifests say so."""
    bronze = cli.lake / "raw-data"
    for folder in list(bronze.glob("*/ingest_date=*")):
        folder.rename(folder.with_name(f"ingest_date={day}"))
    compact = day.replace("-", "")
    for path in list((cli.lake / "state" / "runs").iterdir()):
        today = path.name[:8]
        dashed = f"{today[:4]}-{today[4:6]}-{today[6:]}"
        text = path.read_text().replace(f"ingest_date={dashed}", f"ingest_date={day}")
        path.with_name(compact + path.name[8:]).write_text(
            text.replace(f'"run_id":"{today}', f'"run_id":"{compact}').replace(
                f'"started_at":"{dashed}', f'"started_at":"{day}'
            )
        )
        path.unlink()


def test_one_table_is_built_anew_with_those_that_read_it(days: CommandLine) -> None:
    before = days.tables()

    one = days.succeed("build", "--table", "gold.fact_media_performance")
    everything = days.succeed("build")

    assert built(one) < built(everything)
    assert days.tables() == before


def built(said: str) -> int:
    """How many tables a build says that it built."""
    return int(said.split(" tables built", maxsplit=1)[0].rsplit(maxsplit=1)[-1])


def test_an_unknown_table_lists_the_known_ones(days: CommandLine) -> None:
    done = days.run("build", "--table", "gold.fact_visitors")

    assert done.returncode == 2
    assert "there is no table 'gold.fact_visitors'" in done.stderr
    assert "silver.fact_visitors" in done.stderr


def test_the_tables_of_yesterday_are_built_from_what_had_landed(
    days: CommandLine, tmp_path: Path
) -> None:
    today = days.tables()
    past = tmp_path / "past"

    days.succeed("rewind", "2026-01-09", "--into", str(past))

    yesterday = CommandLine(days.folder, {**days.settings, "LAKE_URI": str(past)})
    tables = yesterday.status()["tables"]
    assert tables["silver.fact_visitors"] == 300
    assert tables["silver.fact_visitor_activity"] == 300
    assert tables["silver.fact_runs"] == 1
    assert days.tables() == today
    assert days.status()["tables"]["silver.fact_visitors"] == 304


def test_a_day_before_the_first_or_a_used_folder_is_refused(
    days: CommandLine, tmp_path: Path
) -> None:
    early = days.run("rewind", "2026-01-08", "--into", str(tmp_path / "early"))
    assert early.returncode == 2
    assert "nothing had landed by 2026-01-08" in early.stderr
    used = days.run("rewind", "2026-01-09", "--into", str(days.lake))
    assert used.returncode == 2
    assert "is not empty" in used.stderr


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
    changed = {"silver.fact_runs"}
    after = cli.tables()
    assert {n: t for n, t in after.items() if n not in changed} == {
        n: t for n, t in before.items() if n not in changed
    }
    assert len(after["silver.fact_runs"]) == 3


def test_what_was_missed_comes_back_with_a_backfill(
    prefect_settings: dict[str, str], tmp_path: Path
) -> None:
    with running_sandbox(visitors=300, today="2026-01-10") as server:
        cli = against(server, tmp_path, prefect_settings)
        cli.succeed("run")
        truth = len(server.truth())
        lost = max((cli.lake / "raw-data" / "visitors").glob("*/*"))
        lost.unlink()
        cli.succeed("build", "--full-refresh")
        assert cli.status()["tables"].get("silver.fact_visitors", 0) < truth

        cli.succeed("backfill")

        assert cli.status()["tables"]["silver.fact_visitors"] == truth
