"""Whatever comes late, twice or restated: each build counts what plain Python counts."""

import re
from collections.abc import Callable
from random import Random

import pytest

from tests.support.bronze import event_history as expected
from tests.support.bronze.event_history import LANDINGS, History, Row
from tests.support.bronze.writer import event
from tests.support.lakes.dbt_home import DbtHome

AS_OF = "2026-03-11"
KEYS = "media_id, activity_date"
VIEWED = "most_viewed, mean_viewed, end_count"
SEEN = "first_seen_at, last_seen_at"
REACHED = "quarter_count, half_count, three_quarter_count, end_count, hours_watched"
TABLES: dict[str, tuple[str, Callable[[History], list[Row]]]] = {
    "media_daily": (
        f"{KEYS}, reported_load_count, reported_play_count, event_count, visitor_count, {REACHED}",
        expected.media_daily,
    ),
    "visitor_media": (
        f"visitor_key, media_id, event_count, day_count, {VIEWED}, watched_seconds, {SEEN}",
        expected.visitor_media,
    ),
    "media_daily_breakdown": (
        f"{KEYS}, dimension, label, event_count, watched_seconds",
        expected.media_daily_breakdown,
    ),
    "media_overlap": (
        "media_id, other_media_id, both_count, visitor_count",
        expected.media_overlap,
    ),
}


def build(home: DbtHome) -> None:
    wanted = [f"+{table}" for table in TABLES]
    said = home.build(AS_OF, "--indirect-selection", "cautious", "--select", *wanted)
    assert "ERROR=0 SKIP=0" in said
    # Lengths that come late leave hours unknown; nothing else is to be warned of.
    warned = set(re.findall(r" of \d+ WARN \d+ (\w+)", said))
    assert warned <= {"mostly_known_fact_plays_watched_seconds__0_05"}


def differences(home: DbtHome, history: History) -> dict[str, object]:
    """Rows that are only in the tables, and only in the expectation."""
    found: dict[str, object] = {}
    for table, (columns, rows_of) in TABLES.items():
        rows = set(home.rows(f"select {columns} from gold.{table}"))  # noqa: S608
        wanted = rows_of(history)
        assert len(wanted) > 0
        count = home.rows(f"select count(*) from gold.{table}")[0][0]  # noqa: S608
        if rows != set(wanted) or count != len(wanted):
            found[table] = rows - set(wanted), set(wanted) - rows
    return found


@pytest.fixture(scope="module")
def homes(new_home: Callable[[str], DbtHome]) -> tuple[DbtHome, DbtHome]:
    return new_home("grows"), new_home("at_once")


def test_every_build_counts_what_landed_by_then_and_one_over_all_the_same(
    homes: tuple[DbtHome, DbtHome],
) -> None:
    grows, at_once = homes
    history = History(Random(11))  # noqa: S311 - a history, not a secret
    for number in range(len(LANDINGS)):
        history.land(grows.bronze)
        build(grows)
        assert differences(grows, history) == {}, f"after build {number}"
    assert len(history.landed) > 500
    at_once.warehouse.parent.mkdir(parents=True)
    (grows.folder / "lake" / "raw-data").rename(at_once.folder / "lake" / "raw-data")
    build(at_once)
    assert differences(at_once, history) == {}


def test_an_account_of_plays_alone_may_be_silent_for_months(
    new_home: Callable[[str], DbtHome],
) -> None:
    # A token or plan without `by_date` has no days of nothing between its plays.
    home, at = new_home("silent"), "2026-03-10T23:59:00.000000Z"
    home.bronze.write_events([event("first", "2025-10-15T12:00:00Z")], at, name="first")
    home.bronze.write_events([event("last", "2026-03-10T12:00:00Z")], at, name="last")

    home.build(AS_OF)

    plays = "select play_count from gold.span_totals where media_id = 'All' and span = '7'"
    # Of the weeks between there is no row, and none of the later figures is 0 for it.
    assert home.rows(plays) == [(1,), (1,)]
