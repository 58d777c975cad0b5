import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from tests.support.bronze.history import (
    DURATION,
    REAL,
    land_first_day,
    land_fourth_day,
    land_late,
    land_out_of_order,
    land_second_day,
    unreadable,
)
from tests.support.lakes.dbt_home import ROOT, DbtHome

Tables = dict[str, list[tuple[Any, ...]]]
AS_OF = "2026-01-12"
INCREMENTAL = (
    "fact_visitors",
    "fact_visitor_activity",
    "fact_media_history",
    "fact_account",
    "fact_media_engagement",
    "fact_events",
    "fact_media_daily",
)


@pytest.fixture(scope="module")
def home(new_home: Callable[[str], DbtHome]) -> DbtHome:
    return new_home("increments")


@dataclass(frozen=True)
class History:
    """What six daily builds warned of, the tables after each, what each made and read for it."""

    warnings: list[list[str]]
    tables: list[Tables]
    read: list[dict[str, str]]
    made: list[set[str]]


@pytest.fixture(scope="module")
def history(home: DbtHome) -> History:
    history = History([], [], [], [])

    def build() -> None:
        built = home.build_increment(AS_OF)
        made = set(built.tables)
        history.warnings.append(list(built.warnings))
        history.tables.append(home.tables())
        history.read.append({n: days for n, days in read_partitions(home).items() if n in made})
        history.made.append(made)

    land_first_day(home.bronze)
    build()
    land_second_day(home.bronze)
    build()
    build()
    land_fourth_day(home.bronze)
    with unreadable(old_files(home)):
        build()
    land_out_of_order(home.bronze)
    build()
    land_late(home.bronze)
    build()
    return history


def read_partitions(home: DbtHome) -> dict[str, str]:
    """What the last build's increments asked bronze for, by table."""
    folder = home.warehouse.parent / ".dbt" / "target" / "compiled" / "wistia_elt" / "models"
    return {
        file.stem: found[1]
        for file in (folder / "silver").glob("*.sql")
        if (found := re.search(r"where (.*) and 1 = 1", file.read_text()))
    }


@pytest.fixture(scope="module")
def incremental(history: History) -> Tables:
    """After the fourth build."""
    return history.tables[3]


def old_files(home: DbtHome) -> list[Path]:
    """Files of the growing resources before the day an increment may look back to."""
    growing = ("visitors", "media", "media_engagement", "events", "media_by_date", "account")
    files = [
        file
        for resource in growing
        for file in (home.folder / "lake" / "raw-data" / resource).glob("*/*.json.gz")
        if file.parent.name < "ingest_date=2026-01-09"
    ]
    assert len(files) == 8
    return files


def test_an_increment_opens_what_the_last_good_build_had_not_read(history: History) -> None:
    # The fourth build ran while every older file was unreadable.
    of_people = ("fact_visitors", "fact_visitor_activity", "fact_events")
    assert [
        {name: read[name] for name in INCREMENTAL if name in read} for read in history.read
    ] == [
        dict.fromkeys(INCREMENTAL, "1 = 1"),
        {
            **dict.fromkeys(INCREMENTAL, "ingest_date in ('2026-01-10')"),
            # A file that came after the first build had looked.
            "fact_visitors": "ingest_date in ('2026-01-09', '2026-01-10')",
            "fact_visitor_activity": "ingest_date in ('2026-01-09', '2026-01-10')",
        },
        {},
        dict.fromkeys((*of_people, "fact_media_engagement"), "ingest_date in ('2026-01-12')"),
        dict.fromkeys(of_people, "ingest_date in ('2026-01-13', '2027-01-06')"),
        dict.fromkeys(INCREMENTAL, "ingest_date in ('2026-01-05')"),
    ]


def test_a_table_is_made_again_where_something_that_it_reads_is_new(history: History) -> None:
    of_runs = {"fact_runs", "runs", "status"}
    # Whole days end at the newest run's.
    of_spans = {"calendar", "spans", "span_totals", "span_labels", "span_figures"}
    of_spans |= {"headlines", "movers", "span_dates", "totals", "labels", "usual", "moves"}
    of_days = {"media_reach", "media_momentum"}
    # How long ago somebody played is told as of the newest day.
    of_viewers = {"viewers", "viewer_trends", "audience", "recency_frequency", "cohorts"}
    assert history.made[2] == of_runs | of_spans | of_days | of_viewers
    assert {"fact_plays", "fact_audience_insights"} <= history.made[4]
    assert not {"fact_media_history", "fact_media_performance", "media_curve"} & history.made[4]


def test_a_run_whose_clock_was_ahead_hides_nothing_that_comes_after_it(history: History) -> None:
    before, after = history.tables[3], history.tables[4]
    for table in ("silver.fact_visitors", "silver.fact_events"):
        new = {row[0] for row in after[table]} - {row[0] for row in before[table]}
        assert new == {"clock ahead", "after it"}, table


def test_what_comes_late_counts_and_what_is_older_replaces_nothing(history: History) -> None:
    before, after = history.tables[4], history.tables[5]
    assert {row[0] for row in after["silver.fact_visitors"]} - {
        row[0] for row in before["silver.fact_visitors"]
    } == {"came late"}
    # The state of the last visit stays; the first observation of an older one is another now.
    assert [row for row in after["silver.fact_visitors"] if row[0] == "returns"] == [
        row for row in before["silver.fact_visitors"] if row[0] == "returns"
    ]
    seen = [row[1:3] for row in after["silver.fact_visitor_activity"] if row[0] == "returns"]
    assert seen == [(at(8, 11), 7), (at(9, 13), 2), (at(11, 13), 3)]
    received = {row[0]: row[-2] for row in after["silver.fact_events"]}
    assert (received["came late"], received["late"]) == (at(4, 9), at(8, 20))
    days = {row[1].day: row[3] for row in after["silver.fact_media_daily"]}
    assert days == {4: 4, 7: 2, 8: 3}
    curves = "silver.fact_media_engagement"
    assert after[curves] == before[curves]
    # The description that came late is the first: plays of before are worth half the length.
    watched = {row[:2]: row[7] for row in after["gold.visitor_media"]}
    assert watched["returns", "v08dlrgr7v"] == 54.432
    assert watched["stays", "v08dlrgr7v"] == 326.592


def test_real_figures_raise_no_alarm_and_a_clock_that_was_ahead_does(history: History) -> None:
    ahead = {
        "fact_events_received_at__ingested_at",
        "fact_visitors_created_at__last_active_at__ingested_at",
    }
    assert history.warnings[:4] == [[]] * 4
    assert {name.removeprefix("not_in_the_future_") for name in history.warnings[4]} == ahead


def test_the_newest_state_of_each_visitor_is_kept(incremental: Tables) -> None:
    rows = incremental["gold.fact_audience_insights"]
    states = {row[0]: (row[2], row[4], row[5], *row[16:20]) for row in rows}
    assert states == {
        "stays": (at(8, 10), 1, 2, 4, 3, "Occasional", "Active"),
        "returns": (at(11, 13), 3, 1, 1, 4, "Occasional", "Active"),
        "vanishes": (at(1, 0), 3, 2, 11, 5, "Frequent", "Infrequent"),
        "never active": (None, 1, 4, None, 5, "Frequent", "Infrequent"),
        "late": (at(7, 0), 1, 1, 5, 2, "Occasional", "Active"),
        "written late": (at(8, 1), 1, 1, 4, 2, "Occasional", "Active"),
        "new": (at(9, 12), 1, 1, 3, 2, "Occasional", "Active"),
    }


def at(day: int, hour: int) -> datetime:
    return datetime(2026, 1, day, hour)  # noqa: DTZ001  UTC, as the tables hold it


def test_each_observed_activity_is_kept_once(incremental: Tables) -> None:
    rows = [row[:4] for row in incremental["silver.fact_visitor_activity"]]
    assert rows == [
        ("late", at(7, 0), 1, 1),
        ("new", at(9, 1), 1, 1),
        ("new", at(9, 12), 1, 1),
        ("returns", at(8, 11), 1, 1),
        ("returns", at(9, 13), 2, 1),
        ("returns", at(11, 13), 3, 1),
        ("stays", at(8, 10), 1, 1),
        ("vanishes", at(1, 0), 3, 2),
        ("written late", at(8, 1), 1, 1),
    ]


def test_a_shortened_curve_keeps_no_tail_and_an_emptied_one_no_cell(incremental: Tables) -> None:
    stored, emptied = datetime(2026, 1, 10, 0, 1), datetime(2026, 1, 12, 0, 1)  # noqa: DTZ001
    assert incremental["silver.fact_media_engagement"] == [
        ("gskhw4w4lm", stored, 0, 9, 2, 0.4, stored),
        ("gskhw4w4lm", stored, 1, 8, None, 0.4, stored),
        ("v08dlrgr7v", emptied, -1, None, None, 0.0, emptied),
    ]
    assert {row[0] for row in incremental["pages.media_curve"]} == {"gskhw4w4lm"}


def test_media_performance_follows_the_latest_snapshot(incremental: Tables) -> None:
    rows = incremental["gold.fact_media_performance"]
    first, second = datetime(2026, 1, 8, 23, 59, 58), datetime(2026, 1, 10, 0, 1)  # noqa: DTZ001
    later = (None, 16692, 0.1549856078645131, 337.09692167424004, 0.166957, 104571)
    assert rows == [
        ("gskhw4w4lm", *later, second, 2, 17, 2, 8.5, "Medium", "Medium"),
        ("v08dlrgr7v", *REAL["v08dlrgr7v"].values(), first, 0, 0, 0, None, "High", "High"),
    ]
    assert len(incremental["silver.fact_media_history"]) == 3
    assert incremental["silver.dim_media"] == [
        ("gskhw4w4lm", "Renamed", None, None, None, DURATION, None, None),
        ("v08dlrgr7v", "v08dlrgr7v", None, None, None, DURATION, None, None),
    ]


def test_the_accounts_own_totals_stand_beside_the_sum_of_its_videos(incremental: Tables) -> None:
    readings = incremental["silver.fact_account"]
    first, second = datetime(2026, 1, 8, 23, 59, 58), datetime(2026, 1, 10, 0, 1)  # noqa: DTZ001
    assert readings == [
        (first, 230000, 70000, 3000.5, first),
        (second, 230009, 70009, 3001.0, second),
    ]
    (status,) = incremental["pages.status"]
    assert status[1:4] == (2, 16692 + 43810, 70009)


def test_each_day_holds_the_events_that_are_left_on_it(incremental: Tables) -> None:
    rows = [(*row[:4], *row[5:13]) for row in incremental["gold.media_daily"]]
    gsk, v08 = "gskhw4w4lm", "v08dlrgr7v"
    # Events, viewers, known; a quarter, half, three quarters, all; hours by 435.456 s of video.
    assert rows == [
        (gsk, date(2026, 1, 7), 1, 2, *[None] * 8),
        (gsk, date(2026, 1, 8), 3, 3, 2, 2, 2, 2, 1, 1, 1, 566093 / 3600000),
        (gsk, date(2026, 1, 9), None, None, 1, 1, 1, 0, 0, 0, 0, 0.0),
        (gsk, date(2026, 1, 11), None, None, 1, 1, 1, 1, 1, 0, 0, 261274 / 3600000),
        (v08, date(2026, 1, 8), None, None, 2, 2, 2, 2, 0, 0, 0, 217728 / 3600000),
        (v08, date(2026, 1, 9), None, None, 1, 1, 1, 1, 1, 1, 0, 326592 / 3600000),
    ]
    reasons = [row[14] for row in incremental["gold.media_daily"]]
    assert reasons == [
        "no events: older than Wistia keeps them, or not read",
        "plays without an event, or one that came on another day",
        *["Wistia has not reported the day"] * 4,
    ]


def test_who_watched_what_how_far_and_how_often(incremental: Tables) -> None:
    rows = [row[:8] for row in incremental["gold.visitor_media"]]
    gsk, v08 = "gskhw4w4lm", "v08dlrgr7v"
    assert rows == [
        ("late", gsk, 1, 1, 0.3, 0.3, 0, 130.637),
        ("new", gsk, 1, 1, 0.0, 0.0, 0, 0.0),
        ("returns", gsk, 1, 1, 1.0, 1.0, 1, 435.456),
        ("returns", v08, 1, 1, 0.25, 0.25, 0, 108.864),
        ("stays", gsk, 1, 1, 0.6, 0.6, 0, 261.274),
        ("stays", v08, 1, 1, 0.75, 0.75, 0, 326.592),
        ("vanishes", v08, 1, 1, 0.25, 0.25, 0, 108.864),
    ]
    assert incremental["gold.media_overlap"] == [
        (gsk, v08, 2, 4, 0.5),
        (v08, gsk, 2, 3, 2 / 3),
    ]


def test_an_event_is_of_the_day_it_came_last(incremental: Tables) -> None:
    received = {row[0]: row[-2] for row in incremental["silver.fact_events"]}
    assert received["returns twice"] == at(11, 10)
    assert received["nothing"] == at(9, 12)
    assert received["alone"] == at(8, 13)
    rows = incremental["gold.media_reach"]
    bands = [row[2:4] for row in rows if row[:2] == ("v08dlrgr7v", "watch_depth")]
    assert bands == [("3", 2), ("8", 1)]


def test_another_build_of_the_same_bronze_gives_the_same_rows(history: History) -> None:
    assert history.tables[2] == history.tables[1]
    assert history.tables[1] != history.tables[0]


def test_a_full_refresh_gives_the_same_rows(home: DbtHome, history: History) -> None:
    home.build_increment(AS_OF, full_refresh=True)
    assert home.tables() == history.tables[-1]


@pytest.mark.usefixtures("incremental")
def test_a_day_that_is_no_date_is_refused_with_the_remedy(home: DbtHome) -> None:
    for wrong in ("tomorrow", "2026-02-30"):
        done = home.dbt("compile", "--select", "status", AS_OF_DATE=wrong)
        assert done.returncode != 0
        assert f"AS_OF_DATE is '{wrong}': give it as YYYY-MM-DD" in done.stdout


@pytest.mark.usefixtures("incremental")
def test_every_table_has_the_columns_and_types_that_it_declares(home: DbtHome) -> None:
    for path in sorted((ROOT / "dbt_project" / "models").glob("*/*.yml")):
        (model,) = yaml.safe_load(path.read_text())["models"]
        declared = [(column["name"], column["data_type"].upper()) for column in model["columns"]]
        built = home.rows(f"describe {path.parent.name}.{model['name']}")
        assert [row[:2] for row in built] == declared, model["name"]


@pytest.mark.usefixtures("incremental")
def test_a_doubled_or_lost_row_fails_the_data_tests(home: DbtHome) -> None:
    with duckdb.connect(str(home.warehouse)) as connection:
        for table in ("silver.fact_visitors", "silver.fact_visitor_activity"):
            connection.execute(f"insert into {table} from {table} where visitor_key = 'new'")
        connection.execute(
            "delete from silver.fact_visitors where visitor_key in ('stays', 'late')"
        )
    done = home.dbt("test", "--exclude-resource-type", "unit_test")
    failed = set(re.findall(r" FAIL \d+ (\w+) \.*", done.stdout))
    assert failed == {
        "holds_all_of_bronze_fact_visitors",
        "same_total_fact_audience_insights_count___ref_fact_visitors_",
        "same_total_status",
        "relationships_fact_visitor_activity_visitor_key__visitor_key__ref_fact_visitors_",
        "primary_key_fact_visitors_visitor_key",
        "primary_key_fact_visitor_activity_visitor_key__last_active_at",
    }
