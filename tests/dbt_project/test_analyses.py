"""The ten questions of `dbt_project/analyses`, compiled and asked on DuckDB."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import duckdb
import pytest

from tests.bronze_history import land_first_day, land_fourth_day, land_second_day
from tests.bronze_writer import visitor
from tests.dbt_home import ROOT, DbtHome

QUESTIONS = sorted(path.stem for path in (ROOT / "dbt_project" / "analyses").glob("*.sql"))
Rows = list[tuple[Any, ...]]
FIFTH_DAY = "2026-01-12T00:02:00.000000Z"


def identity(organisation: str) -> dict[str, Any]:
    """Who a visitor is, as far as the organisation."""
    return {"visitor_identity": {"name": "", "email": "", "org": {"name": organisation}}}


@pytest.fixture(scope="module")
def answers(new_home: Callable[[str], DbtHome]) -> dict[str, Rows]:
    home = new_home("analyses")
    for land in (land_first_day, land_second_day, land_fourth_day):
        land(home.bronze)
    curve = {"engagement_data": [100, 80, 74, 50, 20], "rewatch_data": [3, 8, 0, 0, 0]}
    home.bronze.write_engagement("v08dlrgr7v", {"engagement": 0.5, **curve}, FIFTH_DAY)
    colleagues = [
        visitor("ann", "2025-11-01T00:00:00Z", play_count=9) | identity("Acme"),
        visitor("bob", "2025-12-01T00:00:00Z", play_count=2) | identity("Acme"),
    ]
    home.bronze.write_visitors(colleagues, FIFTH_DAY)
    read = ("--select", "+resource_type:analysis", "--indirect-selection", "cautious")
    home.build("2026-01-12", *read)
    done = home.dbt("compile", "--select", "resource_type:analysis")
    assert done.returncode == 0, done.stdout + done.stderr
    folder = home.target / "compiled" / "wistia_elt" / "analyses"
    with duckdb.connect(str(home.warehouse), read_only=True) as connection:
        return {
            question: connection.execute((folder / f"{question}.sql").read_text()).fetchall()
            for question in QUESTIONS
        }


def test_there_are_ten_questions(answers: dict[str, Rows]) -> None:
    assert len(answers) == 10


def test_where_viewers_leave(answers: dict[str, Rows]) -> None:
    # 74 of 100 at the third cell, 50 at the fourth, 20 at the fifth.
    assert ("v08dlrgr7v", 2, 3, 4) in answers["where_viewers_leave"]


def test_most_rewatched_moments(answers: dict[str, Rows]) -> None:
    rows = [row for row in answers["most_rewatched_moments"] if row[0] == "v08dlrgr7v"]
    assert rows == [("v08dlrgr7v", 1, 8, 0.1), ("v08dlrgr7v", 0, 3, 0.03)]


def test_what_a_medium_gained_between_two_snapshots(answers: dict[str, Rows]) -> None:
    rows = {row[0]: row[3:] for row in answers["how_media_changed_since_the_snapshot_before"]}
    plays, hours, visitors = rows["gskhw4w4lm"]
    assert (plays, visitors) == (16692 - 16681, 104571 - 104556)
    assert hours == pytest.approx(337.09692167424004 - 336.975662)
    assert rows["v08dlrgr7v"] == (None, None, None)


def test_how_many_people_come_back(answers: dict[str, Rows]) -> None:
    # "returns" was seen on the 8th, 9th and 11th; "new" twice on the 9th; one was never active.
    assert [row[:2] for row in answers["how_many_people_come_back"]] == [
        ("1 day", 7),
        ("3 days or more", 1),
    ]


def test_which_organisations_watch(answers: dict[str, Rows]) -> None:
    assert answers["which_organisations_watch"] == [("Acme", 2, 11, datetime(2025, 12, 1))]  # noqa: DTZ001


def test_who_is_slipping_away(answers: dict[str, Rows]) -> None:
    # Ann loaded once and played nine times, 72 days ago; Bob is no frequent visitor.
    assert [row[1:4] for row in answers["who_is_slipping_away"]] == [("Frequent", 1, 9)]


def test_the_other_questions_count_every_visitor(answers: dict[str, Rows]) -> None:
    assert sum(row[1] for row in answers["how_many_new_visitors_a_month"]) == 9
    assert sum(row[2] for row in answers["how_recent_and_how_frequent"]) == 9
    assert sum(row[2] for row in answers["what_do_people_watch_with"]) == 9
    names = {row[0]: row[1] for row in answers["which_videos_hold_attention"]}
    assert names == {"v08dlrgr7v": "v08dlrgr7v", "gskhw4w4lm": "Renamed"}
