"""Reading again, building again, building the past."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.flows.conftest import CommandLine, against
from tests.servers import Sandbox, running_sandbox

Place = tuple[CommandLine, Sandbox]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """Two days: 300 visitors, then 4 new and 20 that came back; the second landed today."""
    with running_sandbox(visitors=300, today="2026-01-10") as server:
        cli = against(server, tmp_path_factory.mktemp("repair"))
        cli.succeed("ingest")
        date_back(cli, "2026-01-09")
        server.advance(new=4, returning=20, hours=24)
        cli.succeed("ingest")
        cli.succeed("build")
        yield cli, server


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
            text.replace(f'"run_id":"{today}', f'"run_id":"{compact}')
            .replace(f'"started_at":"{dashed}', f'"started_at":"{day}')
            .replace(f'"finished_at":"{dashed}', f'"finished_at":"{day}')
        )
        path.unlink()


def test_one_table_is_built_anew_with_those_that_read_it(place: Place) -> None:
    cli, _ = place
    before = cli.tables()

    said = cli.succeed("build", "--table", "gold.fact_audience_insights")

    assert "silver.fact_visitors" in said
    built = int(said.split(" tables built", maxsplit=1)[0].rsplit(maxsplit=1)[-1])
    assert 1 < built < len(before)
    assert cli.tables() == before


def test_an_unknown_table_lists_the_known_ones(place: Place) -> None:
    done = place[0].run("build", "--table", "gold.fact_visitors")

    assert done.returncode == 2
    assert "there is no table 'gold.fact_visitors'" in done.stderr
    assert "silver.fact_visitors" in done.stderr


def test_the_tables_of_yesterday_are_built_from_what_had_landed(
    place: Place, tmp_path: Path
) -> None:
    cli, _ = place
    today = cli.tables()
    past = tmp_path / "past"

    cli.succeed("rewind", "2026-01-09", "--into", str(past))

    yesterday = CommandLine(cli.folder, {**cli.settings, "LAKE_URI": str(past)})
    tables = yesterday.status()["tables"]
    assert tables["silver.fact_visitors"] == 300
    assert tables["silver.fact_visitor_activity"] == 300
    assert tables["silver.fact_runs"] == 1
    assert cli.tables() == today
    assert len(today["silver.fact_visitors"]) == 304


@pytest.mark.parametrize(
    ("day", "folder", "said"),
    [
        ("2026-01-08", "early", "nothing had landed by 2026-01-08"),
        ("2026-01-09", "lake", "is not empty"),
    ],
)
def test_a_day_before_the_first_or_a_used_folder_is_refused(
    place: Place, day: str, folder: str, said: str
) -> None:
    cli, _ = place
    done = cli.run("rewind", day, "--into", str(cli.folder / folder))

    assert done.returncode == 2
    assert said in done.stderr


def test_what_was_lost_comes_back_with_a_backfill(place: Place) -> None:
    cli, server = place
    lost = max((cli.lake / "raw-data" / "visitors").glob("ingest_date=2026-01-09/*"))
    lost.unlink()
    refused = cli.run("build", "--full-refresh")
    assert refused.returncode == 1
    assert "is missing, and a manifest lists it" in refused.stderr
    assert "doctor --lake --rebuild" in refused.stderr

    cli.succeed("doctor", "--lake", "--rebuild")
    cli.succeed("backfill")

    assert len(server.truth()) == 304

    assert cli.status()["resources"]["visitors"]["last_crawl"]["pages"] == 4
    assert cli.status()["tables"]["silver.fact_visitors"] == 304
