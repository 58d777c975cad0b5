import re
from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest

from tests.support.bronze.nasty import (
    LANDED,
    LIST_FOR_AN_OBJECT,
    OLD_VISITOR,
    VISITORS,
    land_nasty_day,
)
from tests.support.lakes.dbt_home import DbtHome

STORED = datetime(2026, 1, 9, 0, 1, 48, 123000)  # noqa: DTZ001  UTC, as the tables hold it


@pytest.fixture(scope="module")
def home(new_home: Callable[[str], DbtHome]) -> DbtHome:
    home = new_home("nasty")
    land_nasty_day(home.bronze)
    home.bronze.write_visitors([LIST_FOR_AN_OBJECT], LANDED, name="list")
    return home


@pytest.fixture(scope="module")
def output(home: DbtHome) -> str:
    # No day given: recency counts to today.
    return home.build("", "--exclude", "test_name:holds_all_of_bronze")


def test_every_visitor_with_a_key_is_one_row(home: DbtHome, output: str) -> None:
    assert "ERROR=0" in output
    keys = {record["visitor_key"] for record in [*VISITORS, LIST_FOR_AN_OBJECT, OLD_VISITOR]} - {
        " "
    }
    assert {key for (key,) in home.rows("select visitor_key from silver.fact_visitors")} == keys
    assert home.rows("select count(*) from gold.fact_audience_insights") == [(len(keys),)]


@pytest.mark.usefixtures("output")
def test_blanks_and_absent_fields_are_null(home: DbtHome) -> None:
    columns = "last_event_key, identifying_event_key, name, email, org_name, org_title"
    query = f"select {columns} from silver.fact_visitors where visitor_key = 'blank'"  # noqa: S608
    assert home.rows(query) == [(None,) * 6]
    query = "select * from silver.fact_visitors where visitor_key = 'old answer'"
    active = datetime(2026, 1, 6, 21, 3, 42)  # noqa: DTZ001
    assert home.rows(query) == [("old answer", None, active, None, 2, *[None] * 10, STORED)]


@pytest.mark.usefixtures("output")
@pytest.mark.parametrize(
    ("key", "counts"),
    [
        ("odd counts", (None, None)),
        ("huge counts", (None, 999999999999999)),
        ("float counts", (None, None)),
        ("text counts", (7, None)),
        ("boolean counts", (None, None)),
        ("old answer", (2, None)),
    ],
)
def test_a_count_is_whole_digits_or_null(
    home: DbtHome, key: str, counts: tuple[int | None, int | None]
) -> None:
    query = "select load_count, play_count from silver.fact_visitors where visitor_key = "
    assert home.rows(f"{query} '{key}'") == [counts]


@pytest.mark.usefixtures("output")
def test_texts_keep_what_the_api_wrote(home: DbtHome) -> None:
    rows = home.rows("select visitor_key, last_event_key, name from silver.fact_visitors")
    texts = {key: (event, name) for key, event, name in rows}
    assert texts["ключ-😀"] == ("event-1", "Zoë 東京 'o\"\\")
    assert texts["object in a text"] == ('{"a":[1,true,null]}', None)
    assert texts["number in a text"] == ("1.5", None)


@pytest.mark.usefixtures("output")
def test_a_user_agent_of_another_shape_is_null(home: DbtHome) -> None:
    rows = home.rows(
        "select visitor_key, browser, mobile from silver.fact_visitors "
        "where visitor_key like 'user agent%' or visitor_key like 'mobile%' order by 1"
    )
    assert rows == [
        ("mobile text", None, True),
        ("user agent blank", None, None),
        ("user agent list", None, None),
    ]


@pytest.mark.usefixtures("output")
@pytest.mark.parametrize(
    ("key", "created_at", "last_active_at"),
    [
        ("fraction", "2026-01-08 01:02:03", "2026-01-08 01:02:03.123"),
        ("offset", "2026-01-07 19:32:03.5", "2026-01-09 04:30:00"),
        ("no offset", "2026-01-08 00:00:00", "2026-01-08 23:30:00"),
        ("no time", None, None),
        ("no such time", None, None),
    ],
)
def test_times_are_utc_in_milliseconds_or_null(
    home: DbtHome, key: str, created_at: str | None, last_active_at: str | None
) -> None:
    query = "select cast(created_at as varchar), cast(last_active_at as varchar) from "
    rows = home.rows(f"{query} silver.fact_visitors where visitor_key = '{key}'")
    assert rows == [(created_at, last_active_at)]


@pytest.mark.usefixtures("output")
def test_recency_counts_to_the_day_of_the_run_by_default(home: DbtHome) -> None:
    query = "select recency_days from gold.fact_audience_insights where visitor_key = 'offset'"
    ((days,),) = home.rows(query)
    built = datetime.fromtimestamp(home.warehouse.stat().st_mtime, UTC).date()
    # 23:30 at UTC-5 is the next day in UTC. A build over midnight may count to the eve.
    assert (built - date(2026, 1, 9)).days - days in {0, 1}


@pytest.mark.usefixtures("output")
def test_only_observed_activity_is_kept_and_ties_are_settled(home: DbtHome) -> None:
    query = "select count(*) from silver.fact_visitor_activity where visitor_key like 'no %time'"
    assert home.rows(query) == [(0,)]
    # MD5 of the two states: 11 gives ec18…, 10 gives 8208…, the larger is the newest.
    tie = "select load_count from silver.fact_visitors where visitor_key = 'tie'"
    assert home.rows(tie) == [(11,)]


@pytest.mark.usefixtures("output")
def test_odd_media_are_kept_with_what_is_readable(home: DbtHome) -> None:
    assert home.rows(
        "select media_id, load_count, play_rate, hours_watched, engagement "
        "from silver.fact_media order by 1"
    ) == [
        ("hours", 9, 0.5, 3.0, 0.5),
        ("odd", 9, 1.5, None, None),
        ("uneven", 9, 0.3, 3.0, None),
    ]
    assert home.rows(
        "select media_id, engagement_idx, engagement_count, rewatch_count "
        "from silver.fact_media_engagement order by 1, 2"
    ) == [
        ("hours", 0, 9, 2),
        ("hours", 1, None, None),
        ("hours", 2, None, None),
        ("hours", 3, None, None),
        ("odd", -1, None, None),
    ]
    assert home.rows("select * from silver.dim_media order by 1") == [
        ("hours", *[None] * 4, 3600.0, None, None),
        ("other", *[None] * 7),
    ]


@pytest.mark.usefixtures("output")
def test_odd_events_are_kept_with_what_is_readable(home: DbtHome) -> None:
    rows = home.rows(
        "select event_key, fact_plays.percent_viewed, watched_seconds, lat, "
        "fact_plays.conversion_type, conversion_data "
        "from gold.fact_plays join silver.fact_events using (event_key) order by 1"
    )
    assert rows == [
        ("blank", None, None, 52.5244, None, None),
        ("comma", 0.5, None, 52.5244, None, None),
        ("more than all", 1.5, None, 52.5244, None, None),
        ("nearly", 0.9999999, 3600.0, 52.5244, None, None),
        ("object", 0.5, None, 52.5244, None, '{"email":"a@example.com","n":[1,true,null]}'),
        ("odd share", None, None, None, "7", None),
        ("offset", 0.5, None, 52.5244, None, None),
        ("ruby", 0.5, None, 52.5244, None, None),
        ("short", 0.5, None, 5e-324, None, None),
        ("space", 1e-07, None, 52.5244, None, None),
        ("tenth", 0.1, 360.0, 52.5244, None, None),
        ("tie", rows[11][1], None, 52.5244, None, None),
        ("ключ-😀", 0.5, None, 52.5244, None, None),
    ]
    odd = "('comma', 'ruby', 'short', 'space')"
    query = f"select cast(received_at as varchar) from silver.fact_events where event_key in {odd} "  # noqa: S608
    assert home.rows(f"{query} order by event_key") == [
        ("2026-01-08 05:00:00.5",),
        ("2026-01-08 15:00:00",),
        ("2026-01-08 10:00:00",),
        ("2026-01-08 10:00:00",),
    ]
    pages = home.rows(
        "select label, event_count from gold.media_reach where dimension = 'embed_page' "
        "order by all"
    )
    assert pages == [
        ("unknown", 2),
        ("www.example.com/tour", 1),
        ("www.example.com/tour", 2),
        ("www.example.com/tour", 7),
        ("例え.example/ä b", 1),
    ]
    days = home.rows("select * exclude (snapshot_ts, ingested_at) from silver.fact_media_daily")
    assert days == [("hours", date(2026, 1, 6), 7, None, None)]


def test_what_only_wistia_can_break_warns(output: str) -> None:
    assert sorted(re.findall(r" of \d+ WARN \d+ (\w+)", output)) == [
        "between_fact_events_percent_viewed__1__0",
        "between_fact_media_history_play_rate__1__0",
        "hours_from_engagement_fact_media_ref_dim_media_",
        "mostly_known_fact_plays_watched_seconds__0_05",
        "relationships_fact_plays_media_id__media_id__ref_dim_media_",
        "whole_plays_fact_media_history_",
    ]


@pytest.mark.usefixtures("output")
def test_what_silver_cannot_read_fails_the_build_by_name(
    home: DbtHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(home.folder)
    done = home.dbt("test", "--select", "test_name:holds_all_of_bronze")
    assert done.returncode == 1
    folder = home.target / "compiled" / "wistia_elt" / "models"
    found = {
        row
        for file in folder.glob("*/*.yml/holds_all_of_bronze_*.sql")
        for row in home.rows(file.read_text())
    }
    assert found == {
        ("fact_visitors lacks what bronze.visitors holds", " "),
        ("fact_visitor_activity lacks what bronze.visitors holds", "  2026-01-06T21:03:42.000Z"),
        (
            "fact_visitor_activity lacks what bronze.visitors holds",
            "no such time 2026-02-30T00:00:00Z",
        ),
        ("fact_events lacks what bronze.events holds", " "),
        ("fact_events lacks what bronze.events holds", "no such time"),
        ("fact_media_daily lacks what bronze.media_by_date holds", "hours 2026-02-30"),
        ("fact_media_daily lacks what bronze.media_by_date holds", "hours 2026-1-7"),
        ("fact_media_history lacks what bronze.media holds", f" {LANDED}"),
    }
