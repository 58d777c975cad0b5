"""Nobody is missed, whatever moves when: hundreds of schedules in virtual time.

The same ones every time; `python -m tests.soak schedules` draws some hundred thousand others
(`HYPOTHESIS_PROFILE=soak`).
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingestion.extract.drifting_list import Crawl, EndlessListError, Resume
from ingestion.extract.window import Row, Window, overlapping, straddling
from tests.ingestion.extract.moving_list import (
    Change,
    State,
    VirtualReader,
    World,
    crawl_of,
    jumbled,
    moment,
    people,
)

if TYPE_CHECKING:
    import random
    from collections.abc import Callable
    from datetime import datetime

SOAK = 250 if os.environ.get("HYPOTHESIS_PROFILE") == "soak" else 1
MOVES = ["arrive", "return", "delete"]


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

    states: tuple[State, ...]
    size: int
    cap: int
    changes: tuple[Change, ...]
    in_flight: int
    spread: float  # how much answers overtake one another
    seed: int

    def world(self) -> World:
        timing = jumbled(self.seed, self.spread)
        return World(list(self.states), self.changes, timing, self.cap)


@st.composite
def changes(
    draw: st.DrawFn, kinds: list[str], span: float = 60, most: int = 40
) -> tuple[Change, ...]:
    """Changes spread over the crawl, some of them in a burst of one second."""
    burst = draw(st.floats(0, span))
    at = st.one_of(st.floats(0, span), st.floats(burst, burst + 1))
    place = st.one_of(st.integers(0, 12), st.integers(0, 800))
    change = st.builds(Change, at, st.sampled_from(kinds), place, st.floats(0, 3))
    return tuple(draw(st.lists(change, max_size=most)))


@st.composite
def lists(draw: st.DrawFn, most: int) -> tuple[State, ...]:
    """Visitors; ties of one instant, some or all without a time, some with times yet to come."""
    count = draw(st.one_of(st.integers(0, most), st.integers(0, most // 60).map(lambda n: 60 * n)))
    states = people(count, draw(st.sampled_from([60, 60, 0.5, 0])))
    blank = draw(st.sampled_from([0, 0, 0, 7, 1]))
    if blank:
        states = [(key, None if n % blank == 0 else at) for n, (key, at) in enumerate(states)]
    ahead = draw(st.sampled_from([0, 0, 0, 5, 30]))
    return (*((f"ahead{n}", moment(10**6 - n)) for n in range(ahead)), *states)


@st.composite
def drifting(  # noqa: PLR0913 - what is drawn
    draw: st.DrawFn,
    kinds: list[str],
    *,
    sizes: tuple[int, int] = (2, 12),
    most: int = 200,
    span: float = 60,
    changed: int = 40,
) -> Schedule:
    return Schedule(
        states=draw(lists(most)),
        size=draw(st.integers(*sizes)),
        cap=draw(st.sampled_from([100, 100, 7, 4])),
        changes=draw(changes(kinds, span, changed)),
        in_flight=draw(st.sampled_from([1, 3, 8, 64])),
        spread=draw(st.sampled_from([0, 0.3, 1, 3])),
        seed=draw(st.integers(0, 10**6)),
    )


def assert_nobody_is_missed(
    schedule: Schedule, kills: list[tuple[int, int]] | None = None
) -> World:
    """Read to the end, through kills after so many answers and pauses; then once more."""
    world = schedule.world()
    wanted = world.keys()
    crawl, resume = None, None
    for answers, pause in [*(kills or []), (None, 0)]:
        crawl = crawl_of(
            world, schedule.in_flight, size=schedule.size, resume=resume, answers=answers
        )
        resume = crawl.resume and Resume.model_validate_json(crawl.resume.model_dump_json())
        world.pass_until(world.now + pause)
    assert crawl
    assert world.missing(wanted) == set()

    world.pass_until(world.now + 1000)
    crawl_of(world, schedule.in_flight, size=schedule.size, bound=crawl.point.watermark)
    assert world.stale() == set()
    return world


@schedules(150)
@given(drifting(MOVES))
def test_nobody_is_missed_in_small_pages(schedule: Schedule) -> None:
    assert_nobody_is_missed(schedule)


@schedules(60)
@given(drifting(MOVES, sizes=(9, 12), most=800, span=200, changed=12))
def test_nobody_is_missed_in_a_long_list(schedule: Schedule) -> None:
    assert_nobody_is_missed(schedule)


@schedules(40)
@given(drifting(["arrive", "return", "flash"]))
def test_visitors_who_come_and_go_hide_nobody(schedule: Schedule) -> None:
    assert_nobody_is_missed(schedule)


def test_rows_of_times_to_come_say_nothing_of_what_lies_above() -> None:
    ahead = tuple((f"ahead{n}", moment(10**6 - n)) for n in range(5))
    at_once = [Change(0, kind) for kind in ("arrive", "arrive")]
    changes = (
        *at_once,
        *[Change(0, "flash", stay=1)] * 2,
        Change(5, "arrive"),
        Change(6, "arrive"),
    )

    assert_nobody_is_missed(Schedule(ahead, 4, 100, changes, in_flight=1, spread=0, seed=0))


def test_a_list_of_one_that_grows_and_shrinks_is_read_to_its_end() -> None:
    moves = [(5, "arrive"), (14, "arrive"), (15, "delete"), (15, "delete")]
    changes = tuple(Change(at, kind) for at, kind in moves)

    assert_nobody_is_missed(Schedule((("one", moment(0)),), 2, 100, changes, 1, 0, 0))


@schedules(120)
@given(drifting(MOVES), st.lists(st.tuples(st.integers(1, 40), st.sampled_from([0, 1, 50]))))
def test_a_crawl_killed_at_any_answer_goes_on_and_misses_nobody(
    schedule: Schedule, kills: list[tuple[int, int]]
) -> None:
    assert_nobody_is_missed(schedule, kills)


@schedules(60)
@given(drifting(MOVES), st.floats(0, 30), st.sampled_from(["cap", "slow"]), st.integers(4, 9))
def test_nobody_is_missed_when_pages_become_smaller_on_the_way(
    schedule: Schedule, at: float, kind: str, rows: int
) -> None:
    smaller = Change(at, kind, rows)
    assert_nobody_is_missed(replace(schedule, changes=(*schedule.changes, smaller)))


@schedules(40)
@given(drifting(["arrive"], changed=0), st.randoms(use_true_random=False))
def test_a_list_in_no_order_is_read_to_its_end(schedule: Schedule, order: random.Random) -> None:
    world = schedule.world()
    order.shuffle(world.states)
    wanted = world.keys()
    crawl = crawl_of(world, schedule.in_flight, size=schedule.size, bound=moment(-600))
    if crawl.reading.violations:
        assert world.missing(wanted) == set()


@schedules(40)
@given(drifting(MOVES), st.randoms(use_true_random=False))
def test_a_list_in_no_order_is_followed_by_its_rows_alone(
    schedule: Schedule, order: random.Random
) -> None:
    world = schedule.world()
    order.shuffle(world.states)
    wanted = world.keys()
    crawl_of(world, schedule.in_flight, size=schedule.size)
    assert world.missing(wanted) == set()


@schedules(20)
@given(drifting(MOVES))
def test_the_same_list_is_read_in_the_same_way(schedule: Schedule) -> None:
    first, second = (assert_nobody_is_missed(schedule) for _ in range(2))
    assert first.asked == second.asked
    assert first.landed == second.landed


@pytest.mark.parametrize("place", [50, 98, 100, 160])
def test_an_order_that_does_not_hold_makes_it_a_full_crawl(place: int) -> None:
    states = people(900)
    states[place], states[700] = states[700], states[place]
    world = World(states)
    crawl = crawl_of(world, bound=moment(-180 * 60))
    assert crawl.reading.violations >= 1
    assert crawl.point.bound is None
    assert world.missing(world.keys()) == set()


def test_rows_tied_with_the_bound_are_read() -> None:
    states: list[State] = [(f"v{i}", moment(-60)) for i in range(250)]
    world = World([*states, ("old", moment(-61)), ("older", moment(-62))])
    crawl_of(world, bound=moment(-60))
    assert {key for key, _ in world.landed} >= {key for key, _ in states}


def test_a_row_without_a_time_never_ends_a_crawl() -> None:
    states = people(400)
    states[99] = ("blank", None)
    world = World(states)
    crawl_of(world, bound=moment(-99 * 60))
    assert len(world.landed) > 100


@pytest.mark.parametrize(
    ("newest", "watermark"),
    [(-60, -60), (30, 0), (None, None)],
    ids=["rows older than the clock", "rows newer than the clock", "no times"],
)
def test_the_watermark_is_the_earlier_of_now_and_the_newest_row(
    newest: float | None, watermark: float | None
) -> None:
    crawl = crawl_of(World([("v0", None if newest is None else moment(newest))]))
    assert crawl.point.watermark == (None if watermark is None else moment(watermark))


def test_the_watermark_is_taken_at_the_start() -> None:
    world = World(people(500), [Change(3, "arrive"), Change(5, "return", 400)])
    assert crawl_of(world).point.watermark == moment(-60)


def test_a_row_is_given_out_once_where_nothing_moves() -> None:
    world = World(people(5_000), timing=jumbled(1, 3))
    crawl_of(world, 64)
    assert world.landed == world.states


def test_rows_that_cannot_be_told_apart_are_all_given_out() -> None:
    states: list[State] = [*people(30), *[("garbage", None)] * 3, *people(90)[30:]]
    world = World(states)
    crawl_of(world, size=20)
    assert world.landed.count(("garbage", None)) >= 3
    assert world.missing(world.keys()) == set()


def test_a_crawl_goes_on_after_many_rows_came_in_above_it() -> None:
    world = World(people(3_000))
    wanted = world.keys()
    resume = crawl_of(world, answers=25).resume
    world.states = [(f"new{n}", moment(100 - n / 10)) for n in range(900)] + world.states
    world.now += 200
    crawl_of(world, resume=resume)
    assert world.missing(wanted) == set()


def test_a_crawl_goes_on_after_rows_above_it_were_deleted() -> None:
    world = World(people(9_000))
    wanted = world.keys()
    resume = crawl_of(world, answers=80).resume
    before = world.requests
    del world.states[100:5_100]
    crawl_of(world, resume=resume)
    assert world.missing(wanted) == set()
    assert world.requests - before < 200  # searching included


def test_what_is_kept_for_a_resume_is_small_and_nameless() -> None:
    crawl = crawl_of(World(people(6_000)), answers=40)
    assert crawl.resume
    text = crawl.resume.model_dump_json()
    assert len(text) < 12_000
    assert '"v' not in text
    assert Resume.model_validate_json(text) == crawl.resume


class FakeWorld(World):
    """A list that no list is."""

    def __init__(self, shown: Callable[[int, int], list[State]]) -> None:
        super().__init__([])
        self._shown = shown

    def page(self, page: int, per_page: int) -> list[State]:
        return self._shown(page, per_page)


REPEATING = {
    "the same page for ever": lambda _page: 0,
    "two in turn": lambda page: page % 2,
    "the last for ever": lambda page: min(page, 9),
    "around and around": lambda page: page % 9,
}


@pytest.mark.parametrize("shown", REPEATING.values(), ids=REPEATING.keys())
@pytest.mark.parametrize("bound", [None, moment(-(10**6))], ids=["the whole list", "a part"])
def test_a_list_that_repeats_itself_is_given_up(
    shown: Callable[[int], int], bound: datetime | None
) -> None:
    everyone = people(1_000)
    world = FakeWorld(lambda page, _size: everyone[shown(page) * 100 :][:100])
    with pytest.raises(EndlessListError, match=r"brought nothing new|there is no end after"):
        crawl_of(world, bound=bound)
    assert world.requests < 700


def test_a_list_without_end_is_given_up() -> None:
    def endless(page: int, size: int) -> list[State]:
        return [(f"v{n}", moment(-n)) for n in range((page - 1) * size, page * size)]

    world = FakeWorld(endless)
    with pytest.raises(EndlessListError, match="there is no end after"):
        crawl_of(world)
    assert world.requests < 200


@given(st.integers(1, 10**7), st.integers(1, 100))
def test_windows_reach_across_what_they_are_asked_to(end: int, size: int) -> None:
    page, per_page = overlapping(end, size)
    assert (page - 1) * per_page < end <= page * per_page
    found = straddling(end, size)
    if found:
        page, per_page = found
        assert (page - 1) * per_page < end < page * per_page
    else:
        assert all(end % m == 0 for m in range(1, size + 1))


def test_a_window_is_joined_by_a_row_and_never_by_rows_that_are_alike() -> None:
    def window(offset: int, *names: str) -> Window:
        rows = tuple(Row(None, name) for name in names)
        return Window(offset, len(rows), rows)

    upper = window(0, "a", "b", "same", "same")
    assert window(2, "b", "c").shares(upper)
    assert not window(2, "same", "c").shares(upper)
    assert not window(2, "d", "c").shares(upper)


def test_nothing_is_asked_for_beyond_the_room_there_is() -> None:
    world = World(people(5_000))
    reader = VirtualReader(world, in_flight=3)
    for _ in Crawl(reader, lambda: moment(world.now)).fresh_rows():
        assert reader.room >= -4  # probes, and what the proof waits for
