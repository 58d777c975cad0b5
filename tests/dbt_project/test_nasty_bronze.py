import re
from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest

from tests.bronze_writer import visitor
from tests.dbt_home import DbtHome

LANDED = "2026-01-09T00:01:48.123456Z"
STORED = datetime(2026, 1, 9, 0, 1, 48, 123000)  # noqa: DTZ001  UTC, as the tables hold it
ACTIVE = "2026-01-06T21:03:42.000Z"
HUGE = 12345678901234567890123

VISITORS = [
    visitor(
        "blank",
        ACTIVE,
        last_event_key="",
        identifying_event_key=" \t",
        visitor_identity={"name": "", "email": "", "org": {"name": "", "title": "\n"}},
    ),
    visitor("ключ-😀", ACTIVE, visitor_identity={"name": "Zoë 東京 'o\"\\", "email": None}),
    visitor("odd counts", ACTIVE, load_count="1.0", play_count="1e3"),
    visitor("huge counts", ACTIVE, load_count=HUGE, play_count=999999999999999),
    visitor("float counts", ACTIVE, load_count=1.0, play_count=1000.0),
    visitor("text counts", ACTIVE, load_count="7", play_count="abc"),
    visitor("boolean counts", ACTIVE, load_count=True, play_count=None),
    visitor("object in a text", ACTIVE, last_event_key={"a": [1, True, None]}),
    visitor("number in a text", ACTIVE, last_event_key=1.50),
    visitor("user agent blank", ACTIVE, user_agent_details=""),
    visitor("user agent list", ACTIVE, user_agent_details=["Chrome"]),
    visitor("mobile text", ACTIVE, user_agent_details={"mobile": "true", "extra": 1}),
    visitor("fraction", "2026-01-08T01:02:03.1239999Z", created_at="2026-01-08T01:02:03Z"),
    visitor("offset", "2026-01-08T23:30:00-05:00", created_at="2026-01-08T01:02:03.5+0530"),
    visitor("no offset", "2026-01-08T23:30:00", created_at="2026-01-08"),
    visitor("no time", "", created_at="yesterday"),
    visitor("no such time", "2026-02-30T00:00:00Z", created_at="2026-01-01T24:00:00Z"),
    visitor("tie", ACTIVE, load_count=10),
    visitor("tie", ACTIVE, load_count=11),
    visitor(" ", ACTIVE),
]
OLD_VISITOR = {"visitor_key": "old answer", "last_active_at": ACTIVE, "load_count": 2}


@pytest.fixture(scope="module")
def home(new_home: Callable[[str], DbtHome]) -> DbtHome:
    home = new_home("nasty")
    home.bronze.write_visitors([*VISITORS, OLD_VISITOR], LANDED)
    write_media(home)
    return home


@pytest.fixture(scope="module")
def output(home: DbtHome) -> str:
    # No day given: recency counts to today.
    return home.build("''")


def write_media(home: DbtHome) -> None:
    sound = {"load_count": 9, "play_count": 4, "visitors": 8, "play_rate": 0.5}
    bronze = home.bronze
    bronze.write_media("odd", {**sound, "play_rate": 1.5, "hours_watched": "abc"}, LANDED)
    bronze.write_media("uneven", {**sound, "play_rate": 0.3, "hours_watched": 3}, LANDED)
    bronze.write_media("hours", {**sound, "hours_watched": 3, "engagement": 0.5}, LANDED)
    bronze.write_media("", sound, LANDED)
    curve = {"engagement": 0.5, "engagement_data": [9, "x", 7.0, None], "rewatch_data": ["2"]}
    bronze.write_engagement("hours", curve, LANDED)
    bronze.write_engagement("odd", {"engagement": "", "engagement_data": "", "a": 1}, LANDED)
    item = {"hashed_id": "hours", "duration": "3600", "name": "", "folder": "", "project": []}
    bronze.write_medias([item, {"hashed_id": "other", "created": None}], LANDED)


def test_every_visitor_with_a_key_is_one_row(home: DbtHome, output: str) -> None:
    assert "ERROR=0" in output
    keys = {record["visitor_key"] for record in [*VISITORS, OLD_VISITOR]} - {" "}
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
        ("no offset", None, "2026-01-08 23:30:00"),
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
    ]
    assert home.rows("select * from silver.dim_media order by 1") == [
        ("hours", None, 3600.0, None, None),
        ("other", None, None, None, None),
    ]


def test_what_only_wistia_can_break_warns(output: str) -> None:
    assert sorted(re.findall(r" of \d+ WARN \d+ (\w+)", output)) == [
        "between_fact_media_history_play_rate__1__0",
        "hours_from_engagement_fact_media_ref_dim_media_",
        "whole_plays_fact_media_history_",
    ]
