"""What breaks a table fails the build: faults planted in its rows, and in the SQL that makes it."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pytest

from tests.support.bronze.history import (
    DURATION,
    REAL,
    land_first_day,
    land_fourth_day,
    land_second_day,
)
from tests.support.bronze.writer import BronzeWriter, event
from tests.support.lakes.dbt_home import DbtHome


@pytest.fixture(scope="module")
def home(new_home: Callable[[str], DbtHome]) -> DbtHome:
    home = new_home("faults")
    for land in (land_first_day, land_second_day, land_fourth_day):
        land(home.bronze)
    # Of a video in no list, by somebody in no list: nothing is known of them but a form.
    strange = event(
        "strange",
        "2026-01-11T12:00:00Z",
        visitor_key="in a form alone",
        media_id="deleted",
        percent_viewed=None,
        country="",
        conversion_data={"email": "a@b.example"},
    )
    home.bronze.write_events([strange], "2026-01-12T00:01:00.000000Z", name="strange")
    land_season(home.bronze)
    home.build_increment("2026-01-12")
    return home


def land_season(bronze: BronzeWriter) -> None:
    """Half a year, so that there is something usual, and things that moved; one is archived."""
    at = "2026-01-11T23:59:00.000000Z"
    for seed, media_id in enumerate(REAL):
        days = [
            {
                "date": f"{date(2026, 1, 6) - timedelta(days=n)}",
                "load_count": 90 + 10 * seed,
                "play_count": 40 + (n * 7 + seed) % 11,
                "hours_watched": 1.5,
            }
            for n in range(180)
        ]
        bronze.write_days(media_id, days, at)
    seen = [
        event(
            f"season {n}",
            f"{date(2026, 1, 9) - timedelta(days=n)}T12:00:00Z",
            media_id=list(REAL)[n % 2],
            country="FR" if n < 15 else "US",
            embed_url=f"https://www.example.com/{'new' if n < 15 else 'old'}",
        )
        for n in range(180)
    ]
    bronze.write_events(seen, at, name="season")
    archived = {"hashed_id": "v08dlrgr7v", "name": "v08dlrgr7v", "duration": DURATION}
    bronze.write_medias([{**archived, "archived": False}], "2026-01-10T00:02:00.000000Z")
    bronze.write_medias([{**archived, "archived": True}], at)


@dataclass(frozen=True)
class Checked:
    """Tables with their keys' types, and the data tests that stop a build as dbt compiled them."""

    connection: duckdb.DuckDBPyConnection
    keys: dict[str, dict[str, str]]
    tests: dict[str, str]
    models: dict[str, str]

    def fails(self, name: str, fault: str = "select 1") -> bool:
        """Whether a test fails after some SQL, which leaves no trace."""
        self.connection.execute(f"begin; {fault}")
        try:
            return bool(self.connection.execute(self.tests[name]).fetchone())
        finally:
            self.connection.execute("rollback")

    def catches(self, fault: str) -> bool:
        """Whether any test fails after some SQL, which leaves no trace."""
        self.connection.execute(f"begin; {fault}")
        try:
            return any(self.connection.execute(test).fetchone() for test in self.tests.values())
        finally:
            self.connection.execute("rollback")


# What a slip of the hand does to a model: rows are lost, come twice, or are counted twice.
SLIPS = [
    ("silver.fact_visitors", "qualify place = 1", "qualify place >= 1"),
    ("silver.fact_visitors", "where visitor_key is not null", "where email is not null"),
    ("silver.fact_visitor_activity", "qualify place = 1", ""),
    ("silver.fact_events", "anti join", "semi join"),
    ("silver.fact_events", "partition by event_key", "partition by visitor_key"),
    ("silver.fact_media", "anti join", "semi join"),
    ("silver.fact_media_daily", "media_id, activity_date", "media_id"),
    ("silver.fact_media_engagement", "qualify place = 1", ""),
    ("silver.fact_media_history", "media_id, snapshot_ts", "media_id"),
    ("silver.fact_account", "anti join", "semi join"),
    ("silver.dim_media", "where is_current", "where not is_current"),
    ("silver.dim_media_history", "replaced_at is null as is_current", "true as is_current"),
    ("gold.fact_audience_insights", "left join watched", "inner join watched"),
    ("gold.fact_media_performance", "left join curves", "inner join curves"),
    ("gold.fact_plays", "    left join lengths", "    inner join lengths"),
    ("gold.fact_plays", "told.told_version = versions.version_number", "true"),
    ("gold.leads", "full outer join newest", "inner join newest"),
    ("gold.media_benchmarks", "full outer join plays", "left join plays"),
    ("gold.media_daily", "full outer join", "left join"),
    ("gold.media_daily", "full outer join", "right join"),
    ("gold.media_daily_breakdown", "where label is not null", "where label <> 'unknown'"),
    ("gold.media_overlap", "one.media_id <> other.media_id", "one.media_id < other.media_id"),
    ("gold.media_reach", "group by media_id", "where event_count = 1 group by media_id"),
    ("gold.visitor_media", "count(*) as event_count", "count(percent_viewed) as event_count"),
    ("gold.calendar", "group by activity_date", "group by activity_date, media_id"),
    ("gold.calendar", "where activity_date < open_day", "where activity_date < open_day - 500"),
    ("gold.headlines", "left join spreads", "inner join spreads"),
    ("gold.movers", "on plays.span", "on plays.period = 'now' and plays.span"),
    ("gold.movers", "on plays.span", "on plays.period <> 'now' and plays.span"),
    ("gold.media_momentum", "left join described", "inner join described"),
    ("gold.media_reach", "sum(event_count)", "max(event_count)"),
    ("gold.span_figures", "figures.period = spans.period", "true"),
    ("gold.span_labels", "coalesce(days.media_id, 'All')", "days.media_id"),
    ("gold.span_totals", "by_video.media_id = viewers.media_id", "true"),
    ("gold.spans", "'last_month', 0, 12", "'this_month', 0, 12"),
    ("gold.viewers", "where activity_date <= ", "where activity_date < "),
    ("pages.cohorts", "< 24", "< 0"),
    ("pages.labels", "place <= 25", "place <= 0"),
    ("pages.media", "left join", "inner join"),
    ("pages.media_curve", "cells.engagement_idx >= 0", "cells.engagement_idx > 0"),
    ("pages.media_changes", "where name <> name_before", "where name = name_before"),
    ("pages.media_changes", "where is_archived and", "where not is_archived and"),
    ("pages.moves", "ranked.place <= 5", "ranked.place <= 1"),
    ("pages.moves", "left join", "inner join"),
    ("pages.overlap", "where place <= 10", "where place <= 0"),
    ("pages.runs", "newest_first <= 60", "newest_first < 1"),
    ("pages.span_dates", "in ('now', 'before', 'year')", "in ('now')"),
    ("pages.status", "cross join leads", "inner join leads on 1 = 0"),
    ("pages.totals", "in ('now', 'before', 'year')", "in ('before', 'year')"),
    ("pages.usual", "where beyond is not null", "where beyond = 1"),
    ("pages.trends", "'month' as period", "'months' as period"),
]


@pytest.fixture(scope="module")
def checked(home: DbtHome) -> Iterator[Checked]:
    manifest = json.loads((home.target / "manifest.json").read_text())
    folder = home.target / "compiled" / "wistia_elt"
    compiled = {path.stem: path.read_text() for path in folder.rglob("*.yml/*.sql")}
    tests, keys = {}, {}
    for node in manifest["nodes"].values():
        if node["resource_type"] != "test" or node["config"]["severity"] != "ERROR":
            continue
        tests[node["name"]] = compiled[Path(node["path"]).stem]
        if node["test_metadata"]["name"] == "primary_key":
            table = manifest["nodes"][node["attached_node"]]
            name = f"{table['schema']}.{table['name']}"
            types = {row[0]: row[1] for row in home.rows(f"describe {name}")}
            columns = node["test_metadata"]["kwargs"]["columns"]
            keys[name] = {column: types[column] for column in columns}
    assert set(keys) == set(home.tables())
    models = {
        f"{path.parent.name}.{path.stem}": path.read_text()
        for path in (folder / "models").glob("*/*.sql")
        if not path.parent.suffix
    }
    with duckdb.connect(str(home.warehouse)) as connection:
        yield Checked(connection, keys, tests, models)


def planted(columns: dict[str, str], missing: str = "") -> str:
    """Values of a key by its columns' types, one of them null."""
    made = {
        "DATE": "date '2001-01-01'",
        "TIMESTAMP": "timestamp '2001-01-01'",
        "VARCHAR": "'planted'",
    }
    values = {name: made.get(kind, "7") for name, kind in columns.items()} | {missing: "null"}
    return f"({', '.join(values[name] for name in columns)})"


def test_a_doubled_or_missing_key_fails_the_build_whatever_table_has_it(checked: Checked) -> None:
    assert [name for name in checked.tests if checked.fails(name)] == []
    for table, columns in checked.keys.items():
        test = f"primary_key_{table.partition('.')[2]}_{'__'.join(columns)}"
        insert = f"insert into {table} ({', '.join(columns)}) values "  # noqa: S608
        row = planted(columns)
        assert not checked.fails(test, insert + row), table
        assert checked.fails(test, f"{insert} {row}, {row}"), table
        for name in columns:
            assert checked.fails(test, insert + planted(columns, name)), (table, name)


def test_a_table_that_lost_its_rows_fails_the_build_whichever_it_is(checked: Checked) -> None:
    # Parts that add up to nothing, and what is written by hand.
    others = {"pages.media_moments", "pages.audience_labels", "silver.user_agent_labels"}
    held = {t for t in checked.keys if checked.connection.execute(f"from {t}").fetchone()}
    assert len(held - others) > 30
    for table in held - others:
        about = [test for test in checked.tests if table.partition(".")[2] in test]
        fault = f"delete from {table}"  # noqa: S608
        assert any(checked.fails(test, fault) for test in about), table


@pytest.mark.parametrize(("table", "right", "wrong"), SLIPS)
def test_a_slip_in_a_model_fails_the_build(
    checked: Checked, table: str, right: str, wrong: str
) -> None:
    sql = checked.models[table]
    assert right in sql
    slipped = f"create or replace table {table} as {sql.replace(right, wrong)}"
    assert checked.catches(slipped)
