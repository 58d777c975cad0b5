"""`/stats/events` and `by_date`: their windows, their oddities, and what adds up."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.support.machine.servers import Sandbox

Event = dict[str, Any]
Query = dict[str, str | int]


@pytest.fixture(scope="module")
def events(reading: Sandbox) -> list[Event]:
    """Thirty days of events, newest first."""
    window: Query = {"start_date": "2025-11-01", "end_date": "2025-11-30", "per_page": 100}
    rows: list[Event] = []
    page: list[Event] = []
    while page or not rows:
        page = reading.json("/stats/events", page=len(rows) // 100 + 1, **window)
        rows += page
        if len(page) < 100:
            return rows
    return rows


def test_a_window_holds_its_utc_days_newest_first(reading: Sandbox, events: list[Event]) -> None:
    received = [event["received_at"] for event in events]
    assert received == sorted(received, reverse=True)
    assert received[-1][:10] == "2025-11-01"
    assert received[0][:10] == "2025-11-30"
    day: Query = {"start_date": "2025-11-15", "end_date": "2025-11-15", "per_page": 100}
    one = reading.json("/stats/events", **day) + reading.json("/stats/events", page=2, **day)
    assert one == [event for event in events if event["received_at"][:10] == "2025-11-15"]
    assert len(one) > 50
    reversed_window = {"start_date": "2025-11-16", "end_date": "2025-11-15"}
    assert reading.json("/stats/events", **reversed_window) == []


def test_events_have_the_measured_oddities(events: list[Event]) -> None:
    count = len(events)
    viewed = [event["percent_viewed"] for event in events]
    assert all(0 <= share <= 1 for share in viewed)
    assert viewed.count(0) / count == pytest.approx(0.032, abs=0.015)
    assert viewed.count(1) / count == pytest.approx(0.217, abs=0.04)
    cities = [event["city"] for event in events]
    assert cities.count("") / count == pytest.approx(0.046, abs=0.02)
    assert any("?" in event["embed_url"] for event in events)
    assert any(event["embed_url"] == "" for event in events)
    conversions = {type(event["conversion_data"]) for event in events}
    assert conversions == {str, dict}
    keys = [event["event_key"] for event in events]
    assert 0 < len(keys) - len(set(keys)) < count / 100


def test_an_event_belongs_to_a_medium(reading: Sandbox, events: list[Event]) -> None:
    media = {item["hashed_id"]: item["name"] for item in reading.json("/medias")}
    for event in events[::400]:
        assert media[event["media_id"]] == event["media_name"]
    only = {"media_id": "gskhw4w4lm", "start_date": "2025-11-30", "end_date": "2025-11-30"}
    expected = [e for e in events if e["received_at"][:10] == "2025-11-30"]
    assert reading.json("/stats/events", per_page=100, **only) == [
        event for event in expected if event["media_id"] == "gskhw4w4lm"
    ]


def test_two_years_are_kept(reading: Sandbox) -> None:
    old = {"start_date": "2020-01-01", "end_date": "2024-01-08"}
    assert reading.json("/stats/events", **old) == []
    assert reading.json("/stats/events", start_date="2024-01-09", end_date="2024-01-09")


def test_odd_parameters(reading: Sandbox) -> None:
    answer = reading.get("/stats/events", start_date="last week")
    assert answer.status_code == 422
    assert list(answer.json()) == ["error"]
    assert reading.json("/stats/events", media_id="nope") == []


def test_days_add_up_to_the_lifetime(reading: Sandbox) -> None:
    all_days = {"start_date": "2023-12-25", "end_date": "2026-01-20"}
    for medium, plays, loads, hours in (
        ("gskhw4w4lm", 16681, 111166, 336.975662),
        ("v08dlrgr7v", 43810, 110735, 2651.986970),
    ):
        rows = reading.json(f"/stats/medias/{medium}/by_date", **all_days)
        assert len(rows) == 7 + 731 + 20
        assert rows[0] == {
            "date": "2023-12-25",
            "load_count": 0,
            "play_count": 0,
            "hours_watched": 0,
        }
        assert sum(row["play_count"] for row in rows) == plays
        assert sum(row["load_count"] for row in rows) == loads
        assert sum(row["hours_watched"] for row in rows) == pytest.approx(hours, abs=1e-6)


def test_without_dates_come_yesterday_and_today_of_the_accounts_zone(reading: Sandbox) -> None:
    # 2026-01-08T00:01:48Z is the evening of the 7th in New York.
    rows = reading.json("/stats/medias/gskhw4w4lm/by_date")
    assert [row["date"] for row in rows] == ["2026-01-06", "2026-01-07"]


def test_events_are_nearly_all_plays(reading: Sandbox, events: list[Event]) -> None:
    window = {"start_date": "2025-11-01", "end_date": "2025-11-30"}
    media = [item["hashed_id"] for item in reading.json("/medias")]
    days = [reading.json(f"/stats/medias/{medium}/by_date", **window) for medium in media]
    plays = sum(row["play_count"] for rows in days for row in rows)
    distinct = len({event["event_key"] for event in events})
    assert distinct / plays == pytest.approx(0.988, abs=0.07)


def test_keys_tell_when_a_play_was(events: list[Event]) -> None:
    for event in events:
        played = datetime.fromtimestamp(int(event["event_key"][:10]), UTC).isoformat()
        assert played < event["received_at"]


def test_the_maintained_line_gives_an_event_twice(reading: Sandbox) -> None:
    modern = replace(reading, base_url=f"{reading.origin}/modern")
    (old,) = reading.json("/stats/events", per_page=1)
    (new,) = modern.json("/stats/events", per_page=1)

    assert "attributes" not in old
    assert new == old | {"attributes": old}
