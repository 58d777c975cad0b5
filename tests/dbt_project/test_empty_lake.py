import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.support.commands.command_line import CommandLine
from tests.support.lakes.dbt_home import DbtHome
from tests.support.lakes.named import Lakes

LAYERS = ("silver.", "gold.", "pages.")

TABLES = [
    "gold.calendar",
    "gold.fact_audience_insights",
    "gold.fact_media_performance",
    "gold.fact_plays",
    "gold.headlines",
    "gold.leads",
    "gold.media_benchmarks",
    "gold.media_daily",
    "gold.media_daily_breakdown",
    "gold.media_momentum",
    "gold.media_overlap",
    "gold.media_reach",
    "gold.movers",
    "gold.span_figures",
    "gold.span_labels",
    "gold.span_totals",
    "gold.spans",
    "gold.viewers",
    "gold.visitor_media",
    "pages.audience",
    "pages.audience_labels",
    "pages.cohorts",
    "pages.labels",
    "pages.media",
    "pages.media_changes",
    "pages.media_curve",
    "pages.media_moments",
    "pages.moves",
    "pages.overlap",
    "pages.recency_frequency",
    "pages.runs",
    "pages.span_dates",
    "pages.totals",
    "pages.trends",
    "pages.usual",
    "pages.viewer_trends",
    "silver.dim_media",
    "silver.dim_media_history",
    "silver.fact_account",
    "silver.fact_events",
    "silver.fact_media",
    "silver.fact_media_daily",
    "silver.fact_media_engagement",
    "silver.fact_media_history",
    "silver.fact_runs",
    "silver.fact_visitor_activity",
    "silver.fact_visitors",
]


@pytest.fixture(scope="module")
def home(lakes: Lakes, parsed_project: Path) -> DbtHome:
    """What `wistia-elt build` makes where nothing has loaded; nobody writes here."""
    return DbtHome(lakes.shared("empty"), parsed_project)


def test_every_table_is_built_without_rows_and_every_test_passes(home: DbtHome) -> None:
    tables = home.tables()
    (status,) = tables.pop("pages.status")
    assert status[1:] == (0, None, None, 0, 0, 0, 0, *[None] * 7, "America/New_York")
    assert len(tables.pop("silver.user_agent_labels")) > 40
    assert {name: rows for name, rows in tables.items() if name.startswith(LAYERS)} == {
        table: [] for table in TABLES
    }
    results = json.loads((home.folder / "lake/.dbt/target/run_results.json").read_text())
    assert {one["status"] for one in results["results"]} == {"success", "pass", "no-op"}


def test_a_command_counts_and_asks_empty_tables(home: DbtHome) -> None:
    cli = CommandLine(home.folder)

    assert cli.status()["tables"].items() >= dict.fromkeys(TABLES, 0).items()
    assert json.loads(cli.output_of("query", "select * from silver.fact_visitors", "--json")) == []


def test_every_unit_test_passes(lakes: Lakes, parsed_project: Path, tmp_path: Path) -> None:
    # They ask the tables for their columns.
    home = DbtHome(lakes.copy("empty", tmp_path), parsed_project)
    done = home.dbt("test", "--select", "test_type:unit")
    assert done.returncode == 0, done.stdout
    assert "WARN=0 ERROR=0 SKIP=0" in done.stdout


def test_dbt_warns_of_nothing_in_the_project(lakes: Lakes) -> None:
    output = (lakes.shared("parsed") / "said").read_text()
    assert "Registered adapter" in output
    assert "[WARNING]" not in output
    assert "deprecat" not in output.lower()


def test_bronze_is_readable_where_nothing_landed(home: DbtHome) -> None:
    assert home.rows("select visitor_identity.org.name from bronze.visitors") == []


def test_freshness_is_stale_without_a_run_and_passes_after_one(
    new_home: Callable[[str], DbtHome],
) -> None:
    home = new_home("fresh")
    before = home.dbt("source", "freshness")
    assert before.returncode == 1
    assert "ERROR STALE freshness of bronze.runs" in before.stdout
    assert "Traceback" not in before.stdout + before.stderr

    now = datetime.now(UTC)
    for state, hours_ago in (("completed", 40), ("failed", 1)):
        at = (now - timedelta(hours=hours_ago)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        home.bronze.write_run(at, {"state": state, "started_at": at, "finished_at": at})
    after = home.dbt("source", "freshness")
    # The failed run brought no data: the one of 40 hours ago counts, over 36, below 72.
    assert "WARN freshness of bronze.runs" in after.stdout
    assert after.returncode == 0
