"""An imported history gives the tables that crawling it day by day gives."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from flows.duckdb.erase import WarehouseTables
from ingestion.admin.legacy_import import import_files
from ingestion.config.settings import Settings
from ingestion.extract.context import Scope
from ingestion.ingest import ingest
from ingestion.state.run import start_run
from ingestion.storage.base import open_lake
from tests.support.lakes.dbt_home import DbtHome
from tests.support.machine.clock import Clock
from tests.support.machine.servers import Sandbox, running_sandbox

# Pacific; the sandbox's own days end at the same moments in UTC.
DAYS = ("20260108_160148", "20260109_160148", "20260110_160148")
MEDIA = ("gskhw4w4lm", "v08dlrgr7v")
TABLES = (
    "fact_media",
    "fact_media_history",
    "fact_media_engagement",
    "fact_visitors",
    "fact_visitor_activity",
)


def settings_of(home: DbtHome, sandbox: Sandbox) -> Settings:
    return Settings(
        wistia_base_url=sandbox.base_url,
        wistia_api_token=SecretStr(sandbox.token),
        wistia_requests_per_minute=0,
        lake_uri=str(home.folder / "lake"),
    )


def crawl(home: DbtHome, sandbox: Sandbox, clock: Clock) -> None:
    """What a daily run reads, without the list of media: the predecessor never had it."""
    settings = settings_of(home, sandbox)
    offset = (clock.now - datetime.now(UTC)).total_seconds()
    sandbox.control("POST", "clock", {"offset": offset})
    for resource in ("media", "media_engagement", "visitors"):
        lake = open_lake(settings)
        ingest(settings, lake, start_run(lake, "ingest", "test", clock), Scope(resource=resource))


def write_like_the_predecessor(sandbox: Sandbox, folder: Path, at: str, seen: set[str]) -> None:
    """All visitors the first time, then the new ones and those who came back."""
    pages = [sandbox.json("/stats/visitors", page=page, per_page=100) for page in range(1, 6)]
    rows = [row for page in pages for row in page if json.dumps(row) not in seen]
    seen.update(json.dumps(row) for row in rows)
    dump(folder / f"visitors/visitors_{at}_batch_{len(rows)}.json", rows)
    for media_id in MEDIA:
        stats = sandbox.json(f"/stats/medias/{media_id}")
        curve = sandbox.json(f"/stats/medias/{media_id}/engagement")
        dump(folder / f"media/media_{media_id}_{at}.json", [stats])
        dump(folder / f"engagement/media_engagement_{media_id}_{at}.json", [curve])


def dump(path: Path, value: list[object]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value))


def table(home: DbtHome, name: str) -> list[tuple[Any, ...]]:
    columns = "columns(name -> name not in ('ingested_at', 'snapshot_ts'))"
    return home.rows(f"select {columns} from silver.{name} order by all")  # noqa: S608


@pytest.fixture(scope="module")
def homes(
    tmp_path_factory: pytest.TempPathFactory, parsed_project: Path
) -> tuple[DbtHome, DbtHome]:
    """The same history crawled day by day and imported from its files, both built."""
    folder = tmp_path_factory.mktemp("history")
    crawled, imported = (DbtHome(folder / name, parsed_project) for name in ("crawled", "files"))
    clock, seen = Clock(datetime(2026, 1, 9, 0, 1, 48, tzinfo=UTC)), set[str]()
    with running_sandbox(visitors=300, today="2026-01-09") as sandbox:
        for day, at in enumerate(DAYS):
            if day:
                sandbox.advance(new=4 * day, returning=20, hours=24)
                clock.now += timedelta(days=1)
            crawl(crawled, sandbox, clock)
            write_like_the_predecessor(sandbox, folder / "old", at, seen)
        settings = settings_of(imported, sandbox)
        counts = import_files(settings, open_lake(settings), str(folder / "old"), clock)
    loaded = {count.resource: count.loaded for count in counts}
    assert loaded["visitors"] == len(seen) == 300 + 24 + 28
    # Their tests have lakes of their own.
    untested = ("--exclude-resource-type", "test", "--select", *(f"+{name}" for name in TABLES))
    crawled.build("2026-01-12", *untested)
    imported.build("2026-01-12", *untested, "+fact_audience_insights")
    return crawled, imported


def test_an_imported_history_equals_a_crawled_one(homes: tuple[DbtHome, DbtHome]) -> None:
    crawled, imported = homes
    for name in TABLES:
        rows = table(crawled, name)
        assert rows
        assert table(imported, name) == rows
    assert len(table(imported, "fact_visitors")) == 312
    assert len(table(imported, "fact_visitor_activity")) == 352
    times = "select media_id, strftime(snapshot_ts, '%d %H:%M') from silver.fact_media_history"
    assert imported.rows(f"{times} order by all") == crawled.rows(f"{times} order by all")


def test_a_person_leaves_tables_that_dbt_built(homes: tuple[DbtHome, DbtHome]) -> None:
    _, home = homes
    tables = WarehouseTables(home.warehouse)
    ((key, states),) = home.rows(
        "select visitor_key, count(*) from silver.fact_visitor_activity group by all "
        "order by 2 desc, 1 limit 1"
    )

    assert tables.erase({key}) == {
        "gold.fact_audience_insights": 1,
        "silver.fact_visitor_activity": states,
        "silver.fact_visitors": 1,
    }
    assert tables.count({key}) == 0
    assert home.rows("select count(*) from gold.fact_audience_insights") == [(311,)]
    # The views on bronze came along.
    views = "select table_name from information_schema.tables where table_schema = 'bronze'"
    assert ("visitors",) in home.rows(views)
