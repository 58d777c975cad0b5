"""Time passes only when told: arrivals, returns, deletions, plays, and lists that shift."""

import time

import pytest

from tests.support.machine.servers import Sandbox, running_sandbox


def keys(sandbox: Sandbox) -> list[str]:
    pages = [sandbox.json("/stats/visitors", page=page, per_page=100) for page in range(1, 6)]
    return [visitor["visitor_key"] for page in pages for visitor in page]


def test_new_and_returning_visitors_come_to_the_front_within_the_hours(sandbox: Sandbox) -> None:
    before = {v["visitor_key"]: v for v in sandbox.json("/stats/visitors", per_page=100, page=1)}
    old = keys(sandbox)
    state = sandbox.advance(new=4, returning=20, hours=24)
    assert state["visitors"] == 304
    assert state["now"] == "2026-01-09T00:01:48.000Z"
    now = keys(sandbox)
    front = sandbox.json("/stats/visitors", per_page=24)
    assert len(now) == len(set(now)) == 304
    assert sum(visitor["visitor_key"] not in old for visitor in front) == 4
    for visitor in front:
        assert "2026-01-08T00:01:48.000Z" < visitor["last_active_at"] <= state["now"]
        assert visitor["created_at"] <= state["now"]
        known = before.get(visitor["visitor_key"])
        if known:
            assert visitor["play_count"] == known["play_count"] + 1
            assert visitor["last_event_key"] != known["last_event_key"]
    stayed = [key for key in old if key not in {v["visitor_key"] for v in front}]
    assert now[24:] == stayed
    places = [old.index(key) for key in now[:24] if key in old]
    assert len(places) == 20
    assert min(places) < 100
    assert max(places) > 200


def test_nobody_returns_twice_in_one_advance() -> None:
    with running_sandbox(visitors=60, today="2026-01-09") as sandbox:
        old = {v["visitor_key"]: v for v in sandbox.json("/stats/visitors", per_page=100)}
        sandbox.advance(new=4, returning=40, hours=24)
        now = sandbox.json("/stats/visitors", per_page=100)
    assert sum(old.get(visitor["visitor_key"]) != visitor for visitor in now) == 44


def test_the_deleted_are_gone(sandbox: Sandbox) -> None:
    old = keys(sandbox)
    sandbox.advance(deleted=5, deleted_from="oldest")
    assert keys(sandbox) == old[:-5]
    sandbox.advance(deleted=5)
    left = keys(sandbox)
    assert len(left) == 290
    assert left == [key for key in old[:-5] if key in left]


def test_loads_without_a_play_are_counted_on_their_day_alone(sandbox: Sandbox) -> None:
    window = {"start_date": "2026-01-07", "end_date": "2026-01-09"}
    medium = "/stats/medias/v08dlrgr7v"
    was = sandbox.json(f"{medium}/by_date", **window)
    total = sandbox.json(medium)["load_count"]
    before = sandbox.json("/stats/account")
    sandbox.advance(new=40, hours=24, plays=8, loads=30)
    after = sandbox.json("/stats/account")
    assert after["load_count"] - before["load_count"] == 38
    assert after["play_count"] - before["play_count"] == 8
    days = sandbox.json(f"{medium}/by_date", **window)
    came = sum(day["load_count"] for day in days) - sum(day["load_count"] for day in was)
    assert came == sandbox.json(medium)["load_count"] - total > 8
    hours = {play["received_at"][:13] for play in sandbox.json("/stats/events", per_page=8)}
    assert len(hours) >= 5, "plays are spread over the day"


def test_plays_are_told_by_media_days_account_and_events(sandbox: Sandbox) -> None:
    before = sandbox.json("/stats/account")
    was = sandbox.json("/stats/medias/v08dlrgr7v")
    sandbox.advance(new=10, hours=24, plays=10)
    after = sandbox.json("/stats/account")
    assert after["play_count"] - before["play_count"] == 10
    assert after["load_count"] - before["load_count"] == 10
    window: dict[str, str | int] = {
        "start_date": "2026-01-08",
        "end_date": "2026-01-09",
        "per_page": 100,
    }
    events = sandbox.json("/stats/events", **window)
    new = [event for event in events if event["received_at"] > "2026-01-08T00:20:00.000Z"]
    visitors = {v["last_event_key"] for v in sandbox.json("/stats/visitors", per_page=10)}
    assert {event["event_key"] for event in new} <= visitors
    assert 8 <= len({event["event_key"] for event in new}) <= 10
    stats = sandbox.json("/stats/medias/v08dlrgr7v")
    plays = stats["play_count"] - was["play_count"]
    assert stats["hours_watched"] == pytest.approx(0.500445 * (43810 + plays) * 435.456 / 3600)
    unique = stats["play_rate"] * stats["visitors"]
    assert unique == pytest.approx(41173 + plays, abs=1e-6)


def test_without_plays_the_media_stay_as_they_are(sandbox: Sandbox) -> None:
    before = sandbox.get("/stats/medias/gskhw4w4lm").content
    sandbox.advance(new=30, returning=10, hours=24)
    assert sandbox.get("/stats/medias/gskhw4w4lm").content == before


def test_impossible_orders_are_refused_and_change_nothing(sandbox: Sandbox) -> None:
    before = sandbox.control("GET", "state")
    for body in (
        {"returning": 301},
        {"deleted": 301},
        {"newer": 4},
        {"new": "four"},
        {"new": -1},
        {"plays": 3},
    ):
        with pytest.raises(AssertionError, match="error"):
            sandbox.control("POST", "advance", body)
    assert sandbox.control("GET", "state") == before


def test_a_list_shifts_every_few_requests(sandbox: Sandbox) -> None:
    sandbox.control("POST", "shift", {"every_requests": 2, "arrivals": 1, "returns": 0})
    first = sandbox.json("/stats/visitors", page=1, per_page=100)
    second = sandbox.json("/stats/visitors", page=2, per_page=100)
    assert second[0] == first[-1], "one arrival pushed the last row of page 1 onto page 2"
    assert sandbox.control("DELETE", "shift") == {"arrivals": 1, "returns": 0, "deletions": 0}
    assert sandbox.control("GET", "state")["visitors"] == 301
    assert sandbox.json("/stats/visitors", page=2, per_page=100) == second


def test_a_list_shifts_by_the_clock_on_the_wall(sandbox: Sandbox) -> None:
    pace = {"arrivals_per_minute": 1200, "returns_per_minute": 600, "deletions_per_minute": 300}
    sandbox.control("POST", "shift", pace)
    for _ in range(50):
        time.sleep(0.1)
        newest = sandbox.json("/stats/visitors", per_page=1)[0]
        if sandbox.control("GET", "state")["visitors"] >= 310:
            break
    state = sandbox.control("GET", "state")
    assert state["visitors"] >= 310
    assert newest["last_active_at"] <= state["now"]
    moved = sandbox.control("DELETE", "shift")
    assert moved["arrivals"] - moved["deletions"] == len(keys(sandbox)) - 300
    assert moved["returns"] >= moved["deletions"] > 0


def test_the_truth_is_there_to_compare_with(sandbox: Sandbox) -> None:
    sandbox.advance(new=4, returning=20, hours=24, deleted=3)
    assert [row["visitor_key"] for row in sandbox.truth()] == keys(sandbox)


def test_media_come_and_go() -> None:
    with running_sandbox(media=40) as server:
        assert len(server.json("/medias")) == 40
        assert [m["hashed_id"] for m in server.json("/medias", per_page=2)] == [
            "gskhw4w4lm",
            "v08dlrgr7v",
        ]
        long = server.json("/medias")[4]
        assert long["duration"] > 1000
        curve = server.json(f"/stats/medias/{long['hashed_id']}/engagement")["engagement_data"]
        assert len(curve) == 1000
        server.control("POST", "media", {"count": 1})
        assert [m["hashed_id"] for m in server.json("/medias")] == ["gskhw4w4lm"]
        assert {e["media_id"] for e in server.json("/stats/events")} <= {"gskhw4w4lm"}
        server.control("POST", "media", {"count": 3})
        assert len(server.json("/medias")) == 3


def test_an_empty_account_answers_with_nothing() -> None:
    with running_sandbox(visitors=0, media=0) as server:
        for path in ("/medias", "/stats/visitors", "/stats/events"):
            assert server.json(path) == []
        assert server.json("/stats/account") == {
            "load_count": 0,
            "play_count": 0,
            "hours_watched": 0,
        }
        assert server.advance(new=2, hours=1)["visitors"] == 2
        assert len(server.json("/stats/visitors")) == 2
