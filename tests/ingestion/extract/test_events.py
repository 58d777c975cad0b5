"""Events by UTC days: every one, once, with what arrived late."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

import ingestion.api.paging
from ingestion.config.errors import AuthenticationError, IngestionError
from ingestion.extract.context import Scope
from ingestion.extract.events import Plan
from ingestion.state.manifest import exit_code
from tests.ingestion.account import NOON, NOT_FOUND, event
from tests.ingestion.api.wire import Asked, Reply, as_json, text
from tests.ingestion.conftest import Bench

EVENTS = Scope(resource="events")
DAY = timedelta(days=1)


def asked(bench: Bench) -> list[tuple[str, str, int]]:
    return [
        (one.query["start_date"][0], one.query["end_date"][0], one.page)
        for one in bench.wire.asked
        if one.path == "/v1/stats/events"
    ]


def keys(bench: Bench) -> list[str]:
    return [row["event_key"] for row in bench.rows("events")]


def test_the_first_run_reads_two_years_and_each_page_once(bench: Bench) -> None:
    bench.api.events = [event(number, NOON - number * DAY / 10) for number in range(250)]
    bench.ingest(EVENTS)
    assert sorted(keys(bench)) == sorted(one["event_key"] for one in bench.api.events)
    windows = {(first, last) for first, last, _ in asked(bench)}
    # The bench's clock stands at 2026-01-09; 730 days before it are 2024-01-10.
    assert min(windows)[0] == "2024-01-10"
    assert max(windows)[1] == "2026-01-09"
    assert len(windows) == 53
    assert len(asked(bench)) == 53 + 4  # 140 of the 250 lie in the newest window


def test_a_daily_run_reads_its_days_and_lands_what_is_new(bench: Bench) -> None:
    bench.api.events = [event(number) for number in range(30)]
    bench.ingest(EVENTS)
    bench.wire.asked.clear()
    bench.clock.now += DAY
    late = event(100, NOON + timedelta(minutes=5))
    bench.api.events = [event(101, NOON + DAY), late, *bench.api.events]
    run = bench.ingest(EVENTS)
    # The newest event is of the 8th: that day, the one before it, and all since.
    assert {first for first, _, _ in asked(bench)} == {f"2026-01-{n:02}" for n in range(7, 11)}
    assert len(asked(bench)) == 4 + 2
    assert set(keys(bench)[30:]) == {event(101)["event_key"], late["event_key"]}
    assert run.resource("events").unchanged == 30


def test_a_silent_week_moves_the_watermark_no_further_than_the_newest_event(bench: Bench) -> None:
    bench.api.events = [event(number, NOON - 7 * DAY - number * DAY / 4) for number in range(30)]
    bench.ingest(EVENTS)
    # The newest event is of 2026-01-01, a week before the bench's clock.
    assert bench.state("events")["watermark"].startswith("2026-01-01T12:00:00")
    late = event(100, NOON - 7 * DAY + timedelta(minutes=1))
    bench.api.events = [late, *bench.api.events]
    bench.clock.now += DAY
    run = bench.ingest(EVENTS)
    assert keys(bench)[30:] == [late["event_key"]]
    # Of the day before the newest event and the half of its own.
    assert run.resource("events").unchanged == 4 + 3


def test_an_event_that_repeats_with_other_content_lands_again(bench: Bench) -> None:
    bench.api.events = [event(1, percent_viewed=0.75), event(1), event(2)]
    bench.ingest(EVENTS)
    assert sorted(keys(bench)) == sorted(2 * [event(1)["event_key"]] + [event(2)["event_key"]])


def test_a_broken_backfill_goes_on_with_the_windows_that_are_left(bench: Bench) -> None:
    bench.api.events = [event(number, NOON - number * DAY) for number in range(700)]
    real = bench.wire.answer

    def answer(one: Asked) -> Reply:
        # Opened when ten newer windows have come to their end.
        is_old = one.path.endswith("/events") and one.query["start_date"][0] < "2024-06-01"
        return text("<html>") if is_old else real(one)

    bench.wire.answer = answer
    with pytest.raises(IngestionError):
        bench.ingest(EVENTS)
    landed = set(keys(bench))
    assert 50 < len(landed) < 700
    resume = bench.manifests()[-1].resource("events").resume
    assert resume is not None
    done = {(str(first), str(last)) for first, last in resume["done"]}  # type: ignore[attr-defined]
    assert len(done) >= 4
    bench.wire.answer = real
    bench.wire.asked.clear()
    bench.ingest(EVENTS)
    assert not done.intersection((first, last) for first, last, _ in asked(bench))
    # Of a window that was not done its last page that had loaded comes first.
    begun: Any = resume["reached"]
    assert {first: min(p for f, _, p in asked(bench) if f == first) for first in begun} == begun
    assert set(keys(bench)) == {one["event_key"] for one in bench.api.events}
    assert bench.state("events")["watermark"].startswith("2026-01-08T12:00:00")


@pytest.mark.parametrize("later", [timedelta(hours=12), DAY, 20 * DAY])
def test_a_broken_reading_that_is_resumed_reads_the_news_too(
    bench: Bench, later: timedelta
) -> None:
    bench.api.events = [event(number, NOON - number * DAY) for number in range(30)]
    bench.ingest(EVENTS)
    real = bench.wire.answer
    bench.clock.now += 2 * DAY
    bench.wire.answer = lambda one: text("<html>") if one.path.endswith("/events") else real(one)
    with pytest.raises(IngestionError):
        bench.ingest(EVENTS)
    bench.wire.answer = real
    bench.clock.now += later
    news = [event(100 + n, bench.clock.now - timedelta(hours=1 + 8 * n)) for n in range(3)]
    bench.api.events = [*news, *bench.api.events]

    assert bench.ingest(EVENTS).state == "completed"

    assert sorted(keys(bench)) == sorted(one["event_key"] for one in bench.api.events)
    watermark = datetime.fromisoformat(bench.state("events")["watermark"])
    assert watermark >= bench.clock.now - timedelta(hours=2)


def test_an_event_that_came_again_lands_once_and_not_each_day(bench: Bench) -> None:
    again = event(1, NOON, percent_viewed=0.75)
    bench.api.events = [again, event(1)]
    for _ in range(3):
        bench.ingest(EVENTS)
        bench.clock.now += timedelta(hours=1)
    assert sorted(row["percent_viewed"] for row in bench.rows("events")) == [0.5, 0.75]
    # Restated, and back again: what holds at the end loaded last.
    for share in (0.8, 0.5):
        bench.api.events[1] = event(1, percent_viewed=share)
        bench.ingest(EVENTS)
        bench.clock.now += timedelta(hours=1)
    landed = sorted(bench.rows("events"), key=lambda row: str(row["ingested_at"]))
    assert [row["percent_viewed"] for row in landed][2:] == [0.8, 0.5]


def test_since_reads_from_there_and_moves_no_watermark_it_should_not(bench: Bench) -> None:
    bench.api.events = [event(number) for number in range(3)]
    bench.ingest(Scope(resource="events", since=date(2026, 1, 5)))
    assert {first for first, _, _ in asked(bench)} == {f"2026-01-0{n}" for n in range(5, 10)}
    assert bench.state("events")["watermark"] is None


def test_a_wrong_shape_is_set_aside_and_blanks_are_not(bench: Bench) -> None:
    bench.api.events = [
        event(1, conversion_data={"email": "a@example.com"}, conversion_type=0, city=""),
        event(2, percent_viewed="half"),
        event(3, email=None, embed_url="", user_agent_details=None),
    ]
    bench.ingest(EVENTS)
    assert len(bench.rows("events")) == 2
    (aside,) = bench.set_aside("events")
    assert aside["reason"] == "percent_viewed: input should be a valid number"


def test_a_window_goes_on_at_its_last_page() -> None:
    plan = Plan(started_at=datetime(2026, 1, 9, 12, tzinfo=UTC), since=date(2025, 1, 1))
    newest, next_one, *_ = plan.windows()
    plan.note(newest, 1, is_last=False)
    plan.note(newest, 2, is_last=False)
    plan.note(next_one, 1, is_last=True)
    again = Plan.model_validate(plan.model_dump(mode="json"))
    assert again.windows()[0] == newest
    assert again.reached == {newest[0]: 2}
    assert next_one not in again.windows()
    plan.note(newest, 3, is_last=True)
    assert plan.reached == {}


def test_a_window_that_is_too_long_for_one_list_is_read_by_days(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ingestion.api.paging, "MOST_PAGES", 3)
    # 480 in the newest fourteen days: five pages there, and one a day.
    bench.api.events = [event(number, NOON - number * DAY / 40) for number in range(480)]
    real = bench.wire.answer

    def answer(one: Asked) -> Reply:
        is_one_day = one.path.endswith("/events") and "2026-01-03" in one.query["start_date"]
        return text("<html>") if is_one_day else real(one)

    bench.wire.answer = answer
    with pytest.raises(IngestionError):
        bench.ingest(EVENTS)
    bench.wire.answer = real

    assert bench.ingest(EVENTS).exit_code == 0

    assert set(keys(bench)) == {one["event_key"] for one in bench.api.events}


def test_windows_cover_every_day_once() -> None:
    plan = Plan(started_at=datetime(2026, 1, 9, 12, tzinfo=UTC), since=date(2025, 11, 1))
    days = [
        date.fromisoformat(first) + timedelta(days=n)
        for first, last in plan.windows()
        for n in range((date.fromisoformat(last) - date.fromisoformat(first)).days + 1)
    ]
    assert sorted(days) == [date(2025, 11, 1) + timedelta(days=n) for n in range(70)]
    assert Plan.model_validate(plan.model_dump(mode="json")).windows() == plan.windows()


PERSONAL: dict[str, Any] = {
    "ip": "203.0.113.77",
    "city": "Plantville",
    "lat": 11.7711,
    "lon": -22.8822,
    "org": "Planted & Sons",
    "email": "nadine@planted.example",
    "conversion_data": {"first_name": "Nadine", "phone": ["+49 30 901820"]},
    # pragma: allowlist nextline secret
    "embed_url": "https://nadine:pw@www.example.com/tour?wemail=nadine@planted.example#Nadine",
    "iframe_heatmap_url": "https://example.com/e?public_token=planted-t",
    "thumbnail": {"url": "https://example.com/a.jpg?who=Nadine"},
}
TRACES = (
    "203.0.113.77",
    "Plantville",
    "11.7711",
    "22.8822",
    "Sons",
    "nadine",
    "Nadine",
    "901820",
    "planted-t",
    "pw@",
)


@pytest.mark.parametrize("policy", ["drop", "hash"])
def test_no_person_is_left_in_an_event(bench: Bench, policy: str) -> None:
    odd = event(2, embed_url="call Nadine", percent_viewed="x", org={"name": "Planted & Sons"})
    bench.api.events = [event(1, **PERSONAL), odd, event(3, embed_url={"u": "Nadine"})]
    bench.ingest(EVENTS, pii_policy=policy, pii_hash_key="planted-key")
    assert len(bench.rows("events")) + len(bench.set_aside("events")) == 3
    assert [trace for trace in TRACES if trace in bench.text()] == []
    (row,) = [row for row in bench.rows("events") if row["event_key"] == event(1)["event_key"]]
    assert row["country"] == "DE"
    assert row["embed_url"].startswith("https://www.example.com/tour")
    assert (row["embed_url"] == "https://www.example.com/tour") is (policy == "drop")


def test_a_failing_page_of_events_tells_nobody(bench: Bench) -> None:
    broken = text('[{"email": "nadine@planted.example", "city": "Plantville"')
    bench.api.order("/stats/events", *[broken] * 900)
    with pytest.raises(IngestionError) as caught:
        bench.ingest(EVENTS, pii_policy="drop")
    said = f"{caught.value}{bench.text()}"
    assert [trace for trace in TRACES if trace in said] == []


def test_the_account_s_totals_land_when_they_changed(bench: Bench) -> None:
    for play_count in (8, 8, 9):
        bench.api.totals["play_count"] = play_count
        bench.clock.now += DAY
        bench.ingest(Scope(resource="account"))
    assert [row["play_count"] for row in bench.rows("account")] == [8, 9]


def test_what_the_account_may_not_read_costs_nothing_else(bench: Bench) -> None:
    bench.api.add_medium("abc")
    refused = as_json({"code": "unauthorized_scope", "error": "no such scope"}, 401)
    bench.api.order("/stats/events", *[refused] * 40)
    bench.api.order("/stats/account", NOT_FOUND)
    run = bench.ingest()
    assert exit_code(run) == 0
    assert {one.resource: one.state for one in run.resources if one.notes} == {
        "account": "failed",
        "events": "failed",
    }
    assert len(bench.rows("media")) == 1
    with pytest.raises(AuthenticationError):
        bench.ingest(EVENTS)
