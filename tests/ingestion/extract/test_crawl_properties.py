"""Nobody is missed, whatever moves when: thousands of schedules in virtual time.

The same few hundred every time; `python -m tests.soak schedules` draws some hundred thousand
others (`HYPOTHESIS_PROFILE=soak`).
"""

from __future__ import annotations

import json
import os
import random
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingestion.extract.visitor_list.crawl import Crawl, Resume
from tests.ingestion.extract.list_model import Change, Driver, MovingList, Timing, World, moment

SOAK = 250 if os.environ.get("HYPOTHESIS_PROFILE") == "soak" else 1


def schedules(examples: int) -> settings:
    return settings(
        max_examples=examples * SOAK,
        deadline=None,
        derandomize=SOAK == 1,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )


@dataclass(frozen=True)
class Schedule:
    """A list, what happens to it, and how it is read."""

    visitors: int
    per_page: int
    cap: int
    seconds_between: float
    blank: int  # every so many visitors have no time
    changes: tuple[Change, ...]
    in_flight: int
    heartbeat_every: int
    spread: float  # how much answers overtake one another
    seed: int

    def world(self) -> World:
        model = MovingList.of(self.visitors, seconds_between=self.seconds_between, cap=self.cap)
        if self.blank:
            model.states = [
                (key, None if place % self.blank == 1 else at)
                for place, (key, at) in enumerate(model.states)
            ]
        return World(model, list(self.changes), jumbled(self.seed, self.spread))

    def crawl(self, world: World, resume: Resume | None = None) -> Crawl:
        return Crawl(
            started_at=moment(world.now),
            per_page=self.per_page,
            heartbeat_every=self.heartbeat_every,
            resume=resume,
        )


def jumbled(seed: int, spread: float) -> Timing:
    """Latencies of 1 to 1 + 4 x spread seconds; the page is cut at any instant in between."""
    chance = random.Random(seed)  # noqa: S311 - a schedule, not a secret
    return lambda _read: (chance.uniform(1, 1 + 4 * spread), chance.random())


@st.composite
def changes(draw: st.DrawFn, kinds: list[str], span: float, most: int) -> tuple[Change, ...]:
    """Changes spread over the crawl, some of them in a burst of one second."""
    burst = draw(st.floats(0, span))
    at = st.one_of(st.floats(0, span), st.floats(burst, burst + 1))
    place = st.one_of(st.integers(0, 12), st.integers(0, 800))
    change = st.builds(Change, at, st.sampled_from(kinds), place, st.floats(0, 3))
    return tuple(draw(st.lists(change, max_size=most)))


@st.composite
def small_lists(draw: st.DrawFn) -> Schedule:
    per_page = draw(st.integers(7, 10))
    multiples = st.integers(0, 20).map(lambda pages: pages * per_page)
    return Schedule(
        visitors=draw(st.one_of(st.integers(0, 200), multiples)),
        per_page=per_page,
        cap=draw(st.sampled_from([100, 7])),
        seconds_between=draw(st.sampled_from([0, 0.5, 60])),
        blank=draw(st.sampled_from([0, 0, 0, 7])),
        changes=draw(changes(["arrive", "return", "delete"], 60, 40)),
        in_flight=draw(st.sampled_from([1, 8, 64])),
        heartbeat_every=draw(st.integers(2, 10)),
        spread=draw(st.sampled_from([0, 0.3, 1, 3])),
        seed=draw(st.integers(0, 10**6)),
    )


@st.composite
def long_lists(draw: st.DrawFn, kinds: list[str]) -> Schedule:
    """Long enough for windows that touch, proved by looks at both ends."""
    return Schedule(
        visitors=draw(st.integers(300, 800)),
        per_page=draw(st.integers(9, 12)),
        cap=100,
        seconds_between=60,
        blank=0,
        changes=draw(changes(kinds, draw(st.sampled_from([20, 200])), 12)),
        in_flight=draw(st.sampled_from([1, 3, 8])),
        heartbeat_every=draw(st.integers(2, 10)),
        spread=draw(st.sampled_from([0, 0.3, 1, 3])),
        seed=draw(st.integers(0, 10**6)),
    )


def assert_nobody_is_missed(schedule: Schedule) -> None:
    world = schedule.world()
    wanted = world.model.keys()
    crawl = schedule.crawl(world)
    Driver(world, crawl, schedule.in_flight).run()
    assert world.missing(wanted) == set()
    assert_next_crawl_catches_up(world, schedule, crawl)


def assert_next_crawl_catches_up(world: World, schedule: Schedule, crawl: Crawl) -> None:
    world.pass_until(world.now + 1000)
    following = Crawl(
        started_at=moment(world.now),
        bound=crawl.outcome.watermark,
        per_page=schedule.per_page,
    )
    Driver(world, following, schedule.in_flight).run()
    assert world.stale() == set()


@schedules(300)
@given(small_lists())
def test_nobody_is_missed_in_a_small_list(schedule: Schedule) -> None:
    assert_nobody_is_missed(schedule)


@schedules(80)
@given(long_lists(["arrive", "return", "delete"]))
def test_nobody_is_missed_where_looks_prove_the_seams(schedule: Schedule) -> None:
    assert_nobody_is_missed(schedule)


@schedules(60)
@given(long_lists(["arrive", "return", "flash"]))
def test_visitors_who_come_and_go_between_two_looks_hide_nobody(schedule: Schedule) -> None:
    assert_nobody_is_missed(schedule)


@schedules(120)
@given(small_lists(), st.lists(st.tuples(st.integers(1, 40), st.sampled_from([0, 1, 50]))))
def test_a_crawl_killed_at_any_answer_goes_on_and_misses_nobody(
    schedule: Schedule, kills: list[tuple[int, int]]
) -> None:
    assert_kills_hide_nobody(schedule, kills)


def assert_kills_hide_nobody(schedule: Schedule, kills: list[tuple[int, int]]) -> None:
    world = schedule.world()
    wanted = world.model.keys()
    crawl = schedule.crawl(world)
    for answers, pause in kills:
        Driver(world, crawl, schedule.in_flight).run(answers)
        if crawl.done:
            break
        world.pass_until(world.now + pause)
        kept = json.loads(json.dumps(crawl.resume and crawl.resume.to_json()))
        crawl = schedule.crawl(world, kept and Resume.from_json(kept))
    Driver(world, crawl, schedule.in_flight).run()
    assert world.missing(wanted) == set()
    assert_next_crawl_catches_up(world, schedule, crawl)


@schedules(80)
@given(
    long_lists(["arrive", "return", "delete"]),
    st.lists(st.tuples(st.integers(20, 90), st.sampled_from([0, 0, 1, 50])), max_size=4),
)
def test_a_crawl_killed_between_two_looks_misses_nobody(
    schedule: Schedule, kills: list[tuple[int, int]]
) -> None:
    assert_kills_hide_nobody(schedule, kills)


@schedules(60)
@given(small_lists(), st.floats(0, 30), st.integers(7, 9))
def test_nobody_is_missed_when_the_page_size_falls(schedule: Schedule, at: float, cap: int) -> None:
    world = schedule.world()
    world.model.cap = 100
    world.happen(Change(at, "cap", cap))
    wanted = world.model.keys()
    Driver(world, schedule.crawl(world), schedule.in_flight).run()
    assert world.missing(wanted) == set()


@pytest.mark.parametrize("in_flight", [1, 8, 64])
@schedules(20)
@given(schedule=small_lists(), order=st.randoms(use_true_random=False))
def test_a_list_in_no_order_is_read_to_its_end(
    in_flight: int, schedule: Schedule, order: random.Random
) -> None:
    world = World(MovingList.of(schedule.visitors), timing=jumbled(schedule.seed, schedule.spread))
    order.shuffle(world.model.states)
    wanted = world.model.keys()
    crawl = Crawl(started_at=moment(0), bound=moment(-600), per_page=schedule.per_page)
    Driver(world, crawl, in_flight).run()
    if crawl.outcome.violations:
        assert world.missing(wanted) == set()
