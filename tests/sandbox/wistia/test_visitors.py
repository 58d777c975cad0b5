"""`/stats/visitors` as measured: order, paging, blanks, oddities."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.support.machine.servers import Sandbox, running_sandbox

Visitor = dict[str, Any]


@pytest.fixture(scope="module")
def front(reading: Sandbox) -> list[Visitor]:
    """The newest 11,900 visitors, as many as were measured."""
    pages = (reading.json("/stats/visitors", page=page, per_page=100) for page in range(1, 120))
    return [visitor for page in pages for visitor in page]


def share(visitors: list[Visitor], condition: Callable[[Visitor], bool]) -> float:
    return sum(map(condition, visitors)) / len(visitors)


def test_newest_activity_comes_first_with_a_few_ties(front: list[Visitor]) -> None:
    moments = [visitor["last_active_at"] for visitor in front]
    assert moments == sorted(moments, reverse=True)
    assert 5 <= len(moments) - len(set(moments)) <= 60
    assert len({visitor["visitor_key"] for visitor in front}) == 11_900
    assert moments[0] <= "2026-01-08T00:01:48.000Z"


def test_a_visitor_has_the_measured_fields_and_formats(front: list[Visitor]) -> None:
    for visitor in front[:500]:
        assert list(visitor) == [
            "visitor_key",
            "created_at",
            "last_active_at",
            "last_event_key",
            "load_count",
            "play_count",
            "identifying_event_key",
            "visitor_identity",
            "user_agent_details",
        ]
        assert re.fullmatch(r"[0-9a-f]{72}", visitor["visitor_key"])
        assert re.fullmatch(r"\d{13}[a-f]0\.\d{16}", visitor["last_event_key"])
        for name in ("created_at", "last_active_at"):
            assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000Z", visitor[name])
        identity = visitor["visitor_identity"]
        assert set(identity) == {"name", "email", "org"}
        assert set(identity["org"]) == {"name", "title"}
        agent = visitor["user_agent_details"]
        assert set(agent) == {"browser", "browser_version", "platform", "mobile"}


def test_oddities_come_in_the_measured_shares(front: list[Visitor]) -> None:
    assert share(front, lambda v: v["play_count"] > v["load_count"]) == pytest.approx(
        0.033, abs=6e-3
    )
    ahead = [v for v in front if v["created_at"] > v["last_active_at"]]
    assert len(ahead) / len(front) == pytest.approx(0.074, abs=8e-3)
    assert max(seconds(v["created_at"]) - seconds(v["last_active_at"]) for v in ahead) <= 113
    assert share(front, lambda v: v["visitor_identity"]["name"] == "") > 0.999
    platforms = {v["user_agent_details"]["platform"] for v in front}
    assert {"iOS", "iOS (iPhone)", "Mac OS", "macOS"} <= platforms
    assert {"Chrome Webview", "Instagram"} <= {v["user_agent_details"]["browser"] for v in front}


def test_a_day_has_about_188_active_visitors(front: list[Visitor]) -> None:
    days: dict[str, int] = {}
    for visitor in front:
        day = visitor["last_active_at"][:10]
        days[day] = days.get(day, 0) + 1
    whole = sorted(list(days.values())[1:-1])
    assert 165 <= whole[len(whole) // 2] <= 210
    assert whole[-1] <= 320


def test_the_oldest_activity_is_two_years_back(reading: Sandbox) -> None:
    last = reading.json("/stats/visitors", page=1105, per_page=100)
    assert len(last) == 71
    assert last[-1]["last_active_at"][:7] == "2024-01"


def test_ten_rows_unless_told_and_never_more_than_a_hundred(reading: Sandbox) -> None:
    assert len(reading.json("/stats/visitors")) == 10
    assert len(reading.json("/stats/visitors", per_page=1000)) == 100
    assert (
        reading.json("/stats/visitors", page=2)[0]
        == reading.json("/stats/visitors", per_page=11)[-1]
    )
    assert reading.json("/stats/visitors", page=1106, per_page=100) == []
    assert reading.json("/stats/visitors", page=999_999, per_page=100) == []


def test_a_lowered_cap_makes_short_pages_that_go_on() -> None:
    with running_sandbox(visitors=120, page_cap=50) as server:
        pages = [server.json("/stats/visitors", page=p, per_page=100) for p in (1, 2, 3, 4)]
    assert [len(page) for page in pages] == [50, 50, 20, 0]
    assert len({visitor["visitor_key"] for page in pages for visitor in page}) == 120


def test_a_medium_filters_nothing(reading: Sandbox) -> None:
    assert reading.json("/stats/visitors", media_id="gskhw4w4lm") == reading.json("/stats/visitors")


def test_both_versions_answer_alike(reading: Sandbox) -> None:
    modern = replace(reading, base_url=f"{reading.origin}/modern")
    for path in ("/stats/visitors", "/stats/medias/gskhw4w4lm"):
        assert modern.get(path, page=3).content == reading.get(path, page=3).content
    events = modern.json("/stats/events", page=3)
    for event in events:
        # Of the maintained line alone.
        assert event.pop("attributes")
    assert events == reading.json("/stats/events", page=3)


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others() -> None:
    def pages(seed: int) -> list[bytes]:
        with running_sandbox(seed=seed, today="2026-01-09") as server:
            server.advance(new=3, returning=5, deleted=2, hours=2, plays=4)
            paths = ("/stats/visitors", "/stats/events", "/medias", "/stats/medias/v08dlrgr7v")
            return [server.get(path).content for path in paths]

    assert pages(5) == pages(5)
    assert pages(5)[0] != pages(6)[0]


def test_ten_million_visitors_are_there_without_being_stored() -> None:
    with running_sandbox(visitors=10_000_000) as server:
        assert len(server.json("/stats/visitors", page=100_000, per_page=100)) == 100
        assert server.json("/stats/visitors", page=100_001, per_page=100) == []
        status = Path(f"/proc/{server.process.pid}/status")
        if status.exists():  # Linux
            peak = re.search(r"VmHWM:\s+(\d+) kB", status.read_text())
            assert peak is not None
            assert int(peak[1]) < 150_000


def seconds(moment: str) -> float:
    return datetime.strptime(moment, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC).timestamp()
