"""Reading again, building again, building the past."""

import gzip
import json
from pathlib import Path

import duckdb
import pytest

from tests.support.commands.command_line import CommandLine, against
from tests.support.lakes.named import NEXT_DAY, VISITORS, Lakes
from tests.support.machine.servers import Sandbox

Place = tuple[CommandLine, Sandbox]


@pytest.fixture(scope="module")
def place(sandbox: Sandbox, lakes: Lakes, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """Two days of bronze, of which the second loaded today, and tables of the first."""
    cli = against(sandbox, lakes.copy("first day", tmp_path_factory.mktemp("repair")))
    date_back(cli, "2026-01-09")
    sandbox.advance(**NEXT_DAY)
    cli.output_of("ingest")
    return cli, sandbox


def date_back(cli: CommandLine, day: str) -> None:
    """What has loaded today loaded on this day: names and manifests say so."""
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

    said = cli.output_of("build", "--table", "gold.fact_audience_insights")

    assert "rows changed in 0" in said
    built = int(said.split(" tables built", maxsplit=1)[0].rsplit(maxsplit=1)[-1])
    assert 1 < built < len(before)
    assert cli.tables() == before


def test_a_day_before_what_is_loaded_is_refused(place: Place) -> None:
    cli, _ = place
    done = cli.call("build", AS_OF_DATE="2026-01-05")

    assert done.returncode == 2
    assert "AS_OF_DATE is 2026-01-05, and what is loaded reaches to 2026-01-" in done.stderr
    assert "wistia-elt rewind 2026-01-05" in done.stderr


def test_an_unknown_table_lists_the_known_ones(place: Place) -> None:
    done = place[0].call("build", "--table", "gold.fact_visitors")

    assert done.returncode == 2
    assert "there is no table 'gold.fact_visitors'" in done.stderr
    assert "silver.fact_visitors" in done.stderr


def test_the_tables_of_yesterday_are_built_from_what_had_landed(
    place: Place, tmp_path: Path
) -> None:
    cli, _ = place
    today = cli.tables()
    past = tmp_path / "past"

    cli.output_of("rewind", "2026-01-09", "--into", str(past))

    yesterday = CommandLine(cli.folder, {**cli.settings, "LAKE_URI": str(past)})
    tables = yesterday.status()["tables"]
    assert tables["silver.fact_visitors"] == VISITORS
    assert tables["silver.fact_visitor_activity"] == VISITORS
    assert tables["silver.fact_runs"] == 1
    assert cli.tables() == today
    assert cli.status()["resources"]["visitors"]["records"] == VISITORS + 24


@pytest.mark.parametrize(
    ("day", "folder", "said"),
    [
        ("2026-01-08", "early", "nothing was loaded by 2026-01-08"),
        ("2026-01-09", "lake", "is not empty"),
    ],
)
def test_a_day_before_the_first_or_a_used_folder_is_refused(
    place: Place, day: str, folder: str, said: str
) -> None:
    cli, _ = place
    done = cli.call("rewind", day, "--into", str(cli.folder / folder))

    assert done.returncode == 2
    assert said in done.stderr


def test_what_was_lost_comes_back_with_a_backfill(place: Place) -> None:
    cli, server = place
    lost = max((cli.lake / "raw-data" / "visitors").glob("ingest_date=2026-01-09/*"))
    lines = gzip.decompress(lost.read_bytes()).splitlines()
    keys = [json.loads(line)["visitor_key"] for line in lines]
    lost.unlink()
    refused = cli.call("build", "--full-refresh")
    assert refused.returncode == 1
    assert "is missing, and a manifest lists it" in refused.stderr
    assert "doctor --lake --rebuild" in refused.stderr
    with duckdb.connect(str(cli.lake / "warehouse.duckdb")) as tables:
        for table in ("silver.fact_visitors", "silver.fact_visitor_activity"):
            theirs = "visitor_key in (select unnest(?))"
            tables.execute(f"delete from {table} where {theirs}", [keys])  # noqa: S608

    cli.output_of("doctor", "--lake", "--rebuild")
    cli.output_of("backfill")

    # The whole list: its pages overlap, so that there are more than the visitors fill.
    assert cli.status()["resources"]["visitors"]["last_crawl"]["pages"] > VISITORS // 100
    assert cli.status()["tables"]["silver.fact_visitors"] == len(server.truth()) == VISITORS + 4
