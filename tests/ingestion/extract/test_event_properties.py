"""Whatever comes when: at the end every event and every day lies in bronze as it was told last."""

import os
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from pathlib import Path
from threading import Lock
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from ingestion.extract.context import Scope
from tests.ingestion.account import Account, event
from tests.ingestion.api.wire import Asked, Reply, Wire, as_json
from tests.ingestion.conftest import Bench
from tests.ingestion.homes import Folder
from tests.support.machine.clock import Clock

START = datetime(2026, 1, 9, 0, 1, 48, tzinfo=UTC)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
PATH = "/v1/stats/events"
IS_SOAK = os.environ.get("HYPOTHESIS_PROFILE") == "soak"
few = settings(
    max_examples=200 if IS_SOAK else 8,
    # Each example is some hundred requests: smaller ones are sought by hand.
    phases=[Phase.explicit, Phase.generate],
    deadline=None,
    derandomize=not IS_SOAK,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@dataclass(frozen=True)
class Play:
    """One event: when it is received, how much later it is shown, how much later restated."""

    number: int
    received: datetime
    late: timedelta
    restated: timedelta | None
    again: timedelta | None

    def rows(self, now: datetime) -> list[dict[str, Any]]:
        """How the list shows it: not yet, once, or under its key a second time."""
        if now < self.received + self.late:
            return []
        is_restated = self.restated is not None and now >= self.received + self.restated
        shown = [event(self.number, self.received, percent_viewed=0.6 if is_restated else 0.3)]
        if self.again is not None and now >= self.received + self.again:
            shown.append(event(self.number, self.received + self.again, percent_viewed=0.9))
        return shown


@dataclass
class Moving:
    """A list that moves while it is read: each page takes twenty seconds."""

    plays: list[Play]
    clock: Clock
    per_page: int
    skew: timedelta
    lock: Lock = field(default_factory=Lock)
    asked: list[str] = field(default_factory=list)

    def rows(self) -> list[dict[str, Any]]:
        now = self.clock.now + self.skew
        shown = [row for play in self.plays for row in play.rows(now)]
        return sorted(shown, key=lambda row: (row["received_at"], row["event_key"]), reverse=True)

    def answer(self, one: Asked) -> Reply:
        with self.lock:
            self.clock.now += timedelta(seconds=20)
            first, last = one.query["start_date"][0], one.query["end_date"][0]
            self.asked.append(first)
            rows = [row for row in self.rows() if first <= row["received_at"][:10] <= last]
            return as_json(rows[(one.page - 1) * self.per_page : one.page * self.per_page])


def minutes(first: int, last: int) -> st.SearchStrategy[timedelta]:
    return st.integers(first, last).map(lambda n: timedelta(minutes=n))


@st.composite
def plays(draw: st.DrawFn) -> list[Play]:
    """Up to sixty events from two days before the first run to five after it."""
    within = minutes(0, 23 * 60)
    # Some arrive in the minutes in which a run reads.
    burst = draw(minutes(0, 60))
    moment = st.one_of(minutes(-2880, 7200), minutes(0, 20).map(lambda n: n + burst))
    fields = st.tuples(moment, st.one_of(st.just(timedelta()), within), st.none() | within)
    drawn = draw(st.lists(st.tuples(fields, st.none() | minutes(1, 900)), max_size=60))
    return [
        Play(number, START + at, late, restated, again if again and again >= late else None)
        for number, ((at, late, restated), again) in enumerate(drawn)
    ]


def new_bench(folder: Path, wire: Wire, api: Account) -> Bench:
    return Bench(wire, api, Folder(folder / "lake"), Clock(START))


@few
@given(
    plays=plays(),
    gaps=st.lists(st.sampled_from([1, 6, 20, 24, 24, 30, 72]), max_size=4),
    per_page=st.integers(2, 5),
    skew=st.integers(-600, 600),
)
def test_every_event_lands_once_in_each_state_whenever_it_comes(
    tmp_path_factory: pytest.TempPathFactory,
    plays: list[Play],
    gaps: list[int],
    per_page: int,
    skew: int,
) -> None:
    api = Account()
    with Wire(api).running() as wire:
        bench = new_bench(tmp_path_factory.mktemp("events"), wire, api)
        moving = Moving(plays, bench.clock, per_page, timedelta(seconds=skew))
        wire.answer = lambda one: moving.answer(one) if one.path == PATH else api(one)
        for gap in [0, *gaps]:
            bench.clock.now += gap * HOUR
            bench.ingest(Scope(resource="events"))
        # All have come and nothing moves any more.
        bench.clock.now = max(bench.clock.now + DAY, START + 9 * DAY)
        last = bench.state("events")["watermark"]
        moving.asked.clear()
        bench.ingest(Scope(resource="events"))
    begins = datetime.fromisoformat(last).date() - DAY
    assert min(moving.asked) == begins.isoformat()

    landed: dict[tuple[str, str], list[float]] = {}
    for row in sorted(bench.rows("events"), key=lambda row: str(row["ingested_at"])):
        landed.setdefault((row["event_key"], row["received_at"]), []).append(row["percent_viewed"])
    shown = moving.rows()
    assert set(landed) == {(row["event_key"], row["received_at"]) for row in shown}
    for row in shown:
        states = landed[row["event_key"], row["received_at"]]
        assert len(states) == len(set(states))
        assert states[-1] == row["percent_viewed"]


@st.composite
def told_days(draw: st.DrawFn) -> tuple[list[int], list[dict[date, int]]]:
    """Days between runs, and what each run is told: every day's plays, restated now and then."""
    gaps = draw(st.lists(st.sampled_from([0, 1, 1, 1, 2, 40]), min_size=1, max_size=5))
    told: list[dict[date, int]] = []
    today = date(2026, 1, 8)
    for gap in [0, *gaps]:
        today += gap * DAY
        # The last month is restated, what is before it never.
        changed = draw(st.dictionaries(st.integers(0, 30), st.integers(1, 3), max_size=8))
        plays = dict(told[-1]) if told else {today - n * DAY: 1 for n in range(60)}
        plays |= {today - n * DAY: 1 for n in range(gap)}
        told.append(plays | {today - n * DAY: plays for n, plays in changed.items()})
    return gaps, told


@few
@given(drawn=told_days())
def test_every_day_lands_as_often_as_it_is_told_anew(
    tmp_path_factory: pytest.TempPathFactory, drawn: tuple[list[int], list[dict[date, int]]]
) -> None:
    gaps, told = drawn
    api = Account()
    api.add_medium("abc")
    with Wire(api).running() as wire:
        bench = new_bench(tmp_path_factory.mktemp("days"), wire, api)
        for gap, plays in zip([0, *gaps], told, strict=True):
            bench.clock.now += gap * DAY
            api.days["abc"] = [
                {"date": day.isoformat(), "load_count": 9, "play_count": n, "hours_watched": 0.5}
                for day, n in plays.items()
            ]
            bench.ingest(Scope(resource="media_by_date"))
    landed: dict[str, list[int]] = {}
    for row in sorted(bench.rows("media_by_date"), key=lambda row: str(row["ingested_at"])):
        landed.setdefault(row["date"], []).append(row["play_count"])
    for day in told[-1]:
        seen = [plays[day] for plays in told if day in plays]
        assert landed[day.isoformat()] == [play_count for play_count, _ in groupby(seen)]
