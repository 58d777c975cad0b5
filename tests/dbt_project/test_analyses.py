"""The ten questions of `dbt_project/analyses`, compiled and asked on DuckDB: one select each."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import duckdb
import pytest
import sqlglot
from sqlglot import expressions

from tests.support.bronze.writer import event, visitor
from tests.support.lakes.dbt_home import ROOT, DbtHome

FOLDER = ROOT / "dbt_project" / "analyses"
QUESTIONS = sorted(path.stem for path in FOLDER.glob("*.sql"))
Rows = list[tuple[Any, ...]]
AT = "2026-03-01T13:00:00.000000Z"
AS_OF = "2026-03-02"


def form(**fields: str) -> dict[str, Any]:
    """What an event has where a form was filled in."""
    return {"conversion_type": "turnstile", "conversion_data": fields}


def identity(organization: str) -> dict[str, Any]:
    """Who a visitor is, as far as the organization."""
    return {"visitor_identity": {"name": "Ann", "email": "", "org": {"name": organization}}}


@pytest.fixture(scope="module")
def answers(new_home: Callable[[str], DbtHome]) -> dict[str, Rows]:
    home = new_home("analyses")
    phone = {"user_agent_details": {"browser": "Safari", "platform": "iOS", "mobile": True}}
    news = {"embed_url": "https://a.example/x?utm_source=News&uid=4711"}
    home.bronze.write_visitors(
        [
            visitor("ann", "2025-11-01T00:00:00Z", play_count=9) | identity("Acme"),
            visitor("bea", "2026-02-28T00:00:00Z", play_count=1),
        ],
        AT,
    )
    home.bronze.write_medias(
        [
            {"hashed_id": "a", "name": "A", "duration": 100, "created": "2026-01-01T12:00:00Z"},
            {
                "hashed_id": "b",
                "name": "B",
                "duration": 110,
                "archived": True,
                "tags": [{"name": "demo"}, {"name": "new"}],
                "created": "2026-02-20T12:00:00Z",
            },
        ],
        AT,
    )
    for key, engagement in (("a", 0.25), ("b", 0.5)):
        figures = {"load_count": 9, "play_count": 4, "play_rate": 0.5, "hours_watched": 1}
        home.bronze.write_media(key, {**figures, "engagement": engagement, "visitors": 8}, AT)
    home.bronze.write_events(
        [
            event("1", "2026-02-28T23:30:00Z", media_id="a", visitor_key="bea", percent_viewed=1)
            | form(email="Bea@b.example", first_name="Bea"),
            event("2", "2026-02-28T23:40:00Z", media_id="a", visitor_key="ann") | phone | news,
            event("3", "2026-02-28T12:00:00Z", media_id="b", visitor_key="ann") | news,
        ],
        AT,
    )
    days = [("2026-01-01", 7), ("2026-01-28", 2), ("2026-02-18", 40), ("2026-02-27", 90)]
    told = {"load_count": 99, "hours_watched": 0}
    home.bronze.write_days("a", [{"date": d, "play_count": n, **told} for d, n in days], AT)
    home.bronze.write_run(AT, {"state": "completed", "started_at": AT, "finished_at": AT})
    home.build(AS_OF, "--select", "+resource_type:analysis", "--indirect-selection", "cautious")
    done = home.dbt("compile", "--select", "resource_type:analysis", AS_OF_DATE=AS_OF)
    assert done.returncode == 0, done.stdout + done.stderr
    folder = home.target / "compiled" / "wistia_elt" / "analyses"
    with duckdb.connect(str(home.warehouse), read_only=True) as connection:
        return {
            question: connection.execute((folder / f"{question}.sql").read_text()).fetchall()
            for question in QUESTIONS
        }


def test_ten_questions_are_one_select_of_gold_each() -> None:
    assert len(QUESTIONS) == 10
    for question in QUESTIONS:
        sql = (FOLDER / f"{question}.sql").read_text()
        select = sqlglot.parse_one(sql.replace("{{ ref('", "gold.").replace("') }}", ""))
        assert len(list(select.find_all(expressions.Select))) == 1, question
        (table,) = select.find_all(expressions.Table)
        assert (ROOT / "dbt_project" / "models" / "gold" / f"{table.name}.sql").is_file(), question


def test_who_is_worth_a_call(answers: dict[str, Rows]) -> None:
    at = datetime(2026, 2, 28, 23, 30)  # noqa: DTZ001
    assert answers["who_is_worth_a_call"] == [
        ("Bea", "bea@b.example", "b.example", at, 1, 1.0, 100 / 60, at)
    ]
    assert [row[:4] for row in answers["which_organizations_watch"]] == [
        ("Acme", 1, 0, 2),
        ("b.example", 1, 1, 1),
    ]
    assert answers["who_is_slipping_away"][0][1:3] == (1, 9)


def test_where_and_how_people_watch(answers: dict[str, Rows]) -> None:
    assert [row[:4] for row in answers["which_pages_convert"]] == [
        ("www.example.com/tour", 1, 1.0, 1.0),
        ("a.example/x", 2, 0.0, 0.0),
    ]
    assert answers["which_campaigns_bring_viewers"] == [
        ("news", 2, 0.0, 0.0),
        ("none", 1, 1.0, 1.0),
    ]
    assert answers["do_phones_finish_less"] == [
        ("a", "Desktop", 1, 1.0, 1.0),
        ("a", "Mobile", 1, 0.0, 0.0),
        ("b", "Desktop", 1, 0.0, 0.0),
    ]
    # Saturday, 18 o'clock in New York, and 7.
    assert answers["when_do_people_watch"] == [(6, 7, 1, 0), (6, 18, 2, 1)]


def test_how_videos_compare(answers: dict[str, Rows]) -> None:
    assert answers["which_videos_hold_attention"] == [
        ("b", "B", 2, 2, 0.0, 0.5, 1.0, True, "demo, new"),
        ("a", "A", 2, 2, 0.5, 0.25, 0.0, None, None),
    ]
    # The week of the other one is over, its month is not.
    assert answers["how_did_each_upload_begin"] == [
        ("a", date(2026, 1, 1), 7, 9, 1),
        ("b", date(2026, 2, 20), 0, None, 2),
    ]
    ((moved, *counts),) = answers["what_moved_this_week"]
    assert (moved, counts[:3]) == ("a", [92, 40, 52])
