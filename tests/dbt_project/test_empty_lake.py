from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from tests.dbt_home import DbtHome

TABLES = [
    "gold.fact_audience_insights",
    "gold.fact_media_performance",
    "gold.media_conversions",
    "gold.media_countries",
    "gold.media_daily",
    "gold.media_daily_breakdown",
    "gold.media_embed_pages",
    "gold.media_overlap",
    "gold.media_watch_depth",
    "gold.visitor_media",
    "pages.audience",
    "pages.audience_labels",
    "pages.cohorts",
    "pages.funnel",
    "pages.kpis",
    "pages.media",
    "pages.media_curve",
    "pages.media_days",
    "pages.media_moments",
    "pages.overlap",
    "pages.reach",
    "pages.recency_frequency",
    "pages.runs",
    "pages.trends",
    "pages.visitor_days",
    "silver.dim_media",
    "silver.dim_media_history",
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
def home(new_home: Callable[[str], DbtHome]) -> DbtHome:
    return new_home("empty")


@pytest.fixture(scope="module")
def output(home: DbtHome) -> str:
    done = home.dbt("build")
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_every_table_is_built_without_rows_and_every_test_passes(
    home: DbtHome, output: str
) -> None:
    tables = home.tables()
    (status,) = tables.pop("pages.status")
    assert status[1:] == (0, 0, 0, 0, 0, None, None, None)
    assert len(tables.pop("silver.user_agent_labels")) > 40
    assert tables == {table: [] for table in TABLES}
    assert "WARN=0 ERROR=0 SKIP=0" in output


def test_dbt_warns_of_nothing(output: str) -> None:
    assert "[WARNING]" not in output
    assert "deprecat" not in output.lower()


def test_bronze_is_readable_where_nothing_landed(home: DbtHome, output: str) -> None:
    assert "PASS" in output
    assert home.rows("select visitor_identity.org.name from bronze.visitors") == []


def test_freshness_is_stale_without_a_run_and_passes_after_one(home: DbtHome) -> None:
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
