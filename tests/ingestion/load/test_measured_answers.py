"""What real answers were measured to hold is loaded, and what is no record is not."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from ingestion.load.schemas import Event, MediaStats, Visitor, check_record
from ingestion.resources import RESOURCES

FOLDER = Path(__file__).parent / "measured_answers"
LOADED = {
    resource.schema: rows
    for resource in RESOURCES
    if (path := FOLDER / f"{resource.name}.json").is_file()
    for rows in [json.loads(path.read_text(encoding="utf-8"))]
}
BROKEN = json.loads((FOLDER / "broken_visitors.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("schema", LOADED, ids=lambda schema: schema.__name__)
def test_every_measured_oddity_is_let_in(schema: Any) -> None:  # noqa: ANN401 - a schema
    rows = LOADED[schema]
    found = [check_record(row, schema) for row in (rows if isinstance(rows, list) else [rows])]
    assert [verdict.reason for verdict in found] == [None] * len(found)


def test_there_is_an_answer_of_every_kind() -> None:
    assert {schema.__name__ for schema in LOADED} == {
        *("Media", "MediaStats", "MediaEngagement", "MediaDay", "Visitor", "Event")
    }


@pytest.mark.parametrize("row", BROKEN, ids=lambda row: row["reason"])
def test_what_is_no_visitor_is_not_let_in(row: dict[str, Any]) -> None:
    [visitors] = [one for one in RESOURCES if one.name == "visitors"]
    assert check_record(row["record"], visitors.schema).reason


def test_every_odd_visitor_has_its_oddity() -> None:
    rows = LOADED[Visitor]
    assert len({row["visitor_key"] for row in rows}) == 13
    assert all(len(row["visitor_key"]) == 72 for row in rows)
    assert "identifying_event_key" not in rows[1]
    assert "user_agent_details" not in rows[2]
    assert "org" not in rows[3]["visitor_identity"]
    assert "visitor_identity" not in rows[4]
    assert rows[5]["play_count"] > rows[5]["load_count"]
    assert rows[6]["created_at"] > rows[6]["last_active_at"]
    assert not rows[7]["visitor_identity"]["name"].isascii()
    assert rows[8]["user_agent_details"]["platform"] == "iOS (iPhone)"
    assert rows[9]["user_agent_details"]["browser"] == ""
    assert rows[10]["visitor_identity"]["name"].isspace()
    assert rows[11]["last_active_at"] == "2026-01-06T21:03:42Z"
    assert rows[12]["visitor_identity"] is None
    assert "shoe_size" in rows[12]


def test_every_broken_visitor_says_why() -> None:
    assert len({row["reason"] for row in BROKEN}) == 9
    assert all(set(row) == {"reason", "record"} for row in BROKEN)


def test_events_hold_a_late_one_and_a_repeat() -> None:
    rows = LOADED[Event]
    received = [row["received_at"] for row in rows]
    assert received == sorted(received, reverse=True)
    assert rows[1]["event_key"] == rows[5]["event_key"]
    late = datetime.fromisoformat(rows[0]["received_at"])
    assert late.timestamp() - int(rows[0]["event_key"][:10]) == 14 * 3600 + 2
    assert rows[2]["city"] == rows[2]["embed_url"] == rows[2]["conversion_data"] == ""
    assert rows[3]["conversion_data"]["email"] == "zoe@example.com"


def test_the_figures_keep_the_real_identities() -> None:
    stats = LOADED[MediaStats]
    assert stats["play_rate"] * stats["visitors"] == 5
    # 6 plays of a quarter of 435.456 s.
    assert stats["hours_watched"] == 0.18144
    assert stats["hours_watched"] == 0.25 * 6 * 435.456 / 3600


def test_addresses_are_nobodys() -> None:
    for path in FOLDER.glob("*.json"):
        for word in path.read_text(encoding="utf-8").split('"'):
            assert "@" not in word or word.endswith(("@example.com", "@example.org"))
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < 20_000
