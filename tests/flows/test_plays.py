"""As many plays as were measured: none raises an alarm, and one person's can be forgotten."""

import gzip
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.flows.conftest import CommandLine, against
from tests.servers import running_sandbox

COUNTED = (
    *("gold.media_daily", "gold.media_daily_breakdown", "gold.visitor_media"),
    *("gold.media_overlap", "gold.media_watch_depth", "gold.media_countries"),
    *("gold.media_embed_pages", "gold.media_conversions", "pages.trends", "pages.funnel"),
)


@pytest.fixture(scope="module")
def cli(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CommandLine]:
    with running_sandbox(visitors=2_500) as sandbox:
        cli = against(sandbox, tmp_path_factory.mktemp("plays"))
        cli.succeed("ingest")
        (cli.folder / "said").write_text(cli.succeed("build"))
        yield cli


def test_real_looking_plays_pass_without_an_alarm(cli: CommandLine) -> None:
    # The sandbox repeats what was measured on 2,441 events: late, repeated and half blank ones.
    assert cli.rows("select count(*) > 2441 from silver.fact_events") == [(True,)]
    assert cli.rows(
        "select count(*) - count(distinct event_key) > 0, count(distinct event_key) = "
        "(select count(*) from silver.fact_events) from bronze.events"
    ) == [(True, True)]
    assert set(cli.status()["quarantine"].values()) == {0}
    assert re.search(r"\d+ tables built, \d+ tests passed\n", (cli.folder / "said").read_text())


def test_a_forgotten_visitor_leaves_no_play_and_no_count(cli: CommandLine) -> None:
    (person, plays) = cli.rows(
        "select visitor_key, count(*) from silver.fact_events group by 1 "
        "order by count(distinct media_id) desc, 2 desc, 1 limit 1"
    )[0]
    before = cli.rows("select sum(event_count) from gold.media_daily")[0][0]

    cli.succeed("forget", person, "--yes")
    cli.succeed("build")

    files = list((cli.lake / "raw-data").rglob("*.gz"))
    assert files
    assert not [file for file in files if person.encode() in gzip.decompress(file.read_bytes())]
    assert person.encode() not in (cli.lake / "warehouse.duckdb").read_bytes()
    tables = everything(cli.rows)
    assert sum(row[5] for row in tables["gold.media_daily"]) == before - plays
    assert person not in {row[0] for row in tables["gold.visitor_media"]}

    cli.succeed("build", "--full-refresh")
    assert everything(cli.rows) == tables


def everything(rows: Callable[[str], list[tuple[Any, ...]]]) -> dict[str, list[tuple[Any, ...]]]:
    return {table: rows(f"from {table} order by all") for table in COUNTED}
