"""What a crawl asks for and what it lands, in virtual time."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from ingestion.extract.visitor_list.crawl import Crawl, Resume, Row
from tests.ingestion.extract.crawl_runs import PACE, as_measured, read_all
from tests.ingestion.extract.list_model import Change, Driver, MovingList, World, moment

if TYPE_CHECKING:
    from tests.ingestion.extract.list_model import State


def test_rows_tied_with_the_bound_are_read() -> None:
    states: list[State] = [(f"v{i}", moment(-60)) for i in range(250)]
    world = World(MovingList([*states, ("old", moment(-61)), ("older", moment(-62))]))
    read_all(world, Crawl(started_at=moment(0), bound=moment(-60)))
    assert {key for key, _ in world.landed} >= {key for key, _ in states}


def test_a_row_without_a_time_never_ends_a_crawl() -> None:
    model = MovingList.of(400)
    model.states[99] = ("blank", None)
    world = World(model)
    read_all(world, Crawl(started_at=moment(0), bound=moment(-99 * 60)))
    assert len(world.landed) > 100


@pytest.mark.parametrize(
    ("newest", "started_at", "watermark"),
    [(-60, 0, -60), (30, 0, 0), (None, 0, None)],
    ids=["rows older than the clock", "rows newer than the clock", "no times"],
)
def test_the_watermark_is_the_earlier_of_start_and_newest_row(
    newest: float | None, started_at: float, watermark: float | None
) -> None:
    at = None if newest is None else moment(newest)
    crawl = Crawl(started_at=moment(started_at))
    read_all(World(MovingList([("v0", at)])), crawl)
    assert crawl.outcome.watermark == (None if watermark is None else moment(watermark))


def test_the_watermark_is_taken_at_the_start() -> None:
    world = World(MovingList.of(500), [Change(3, "arrive"), Change(5, "return", 400)])
    crawl = Crawl(started_at=moment(100))
    read_all(world, crawl)
    assert crawl.outcome.watermark == moment(-60)


@pytest.mark.parametrize("limit", [0, -3])
def test_nothing_is_asked_for_beyond_the_limit(limit: int) -> None:
    assert Crawl(started_at=moment(0)).ready(limit) == []


def test_an_empty_list_is_one_request() -> None:
    crawl = Crawl(started_at=moment(0))
    log = read_all(World(MovingList([])), crawl)
    assert len(log.reads) == 1
    assert crawl.outcome.watermark is None
    assert crawl.resume is None


@pytest.mark.parametrize("visitors", [1, 6, 7, 8, 99, 100, 101, 200, 1000])
def test_the_end_is_found_at_any_length(visitors: int) -> None:
    world = World(MovingList.of(visitors))
    log = read_all(world, Crawl(started_at=moment(0)))
    assert len(world.landed) == visitors
    assert log.empty >= 1
    assert len(log.reads) <= 8 + 1.4 * visitors / 100


@pytest.mark.parametrize("cap", [50, 25, 10])
def test_a_lowered_cap_is_found_out(cap: int) -> None:
    world = World(MovingList.of(5200, cap=cap))
    read_all(world, Crawl(started_at=moment(0)), in_flight=64)
    assert len({key for key, _ in world.landed}) == 5200
    assert world.requests <= 1.6 * 5200 / cap


def test_a_seam_that_no_window_straddles_is_proved_while_the_list_moves() -> None:
    changes = [Change(at / 2, "delete", at % 7) for at in range(900)]
    world = World(MovingList.of(2900, cap=10), changes)
    wanted = world.model.keys()
    read_all(world, Crawl(started_at=moment(0)), in_flight=64)
    assert world.missing(wanted) == set()


def test_the_end_is_found_where_no_window_shows_both_sides() -> None:
    world = World(MovingList.of(2520, cap=10))
    read_all(world, Crawl(started_at=moment(0)))
    assert len({key for key, _ in world.landed}) == 2520


def test_a_cap_lowered_on_the_way_loses_nobody() -> None:
    world = World(MovingList.of(20_000), [Change(8, "cap", 40)])
    wanted = world.model.keys()
    read_all(world, Crawl(started_at=moment(0)))
    assert world.missing(wanted) == set()


@pytest.mark.parametrize("place", [50, 98, 100, 160])
def test_an_order_that_does_not_hold_makes_it_a_full_crawl(place: int) -> None:
    model = MovingList.of(900)
    model.states[place], model.states[700] = model.states[700], model.states[place]
    world = World(model)
    crawl = Crawl(started_at=moment(0), bound=moment(-180 * 60))
    read_all(world, crawl)
    assert crawl.outcome.violations >= 1
    assert world.missing(world.model.keys()) == set()


def test_pages_land_from_the_top_down() -> None:
    world = World(MovingList.of(20_000), timing=as_measured(spread=0.9))
    log = read_all(world, Crawl(started_at=moment(0)), in_flight=64)
    offsets = [read.offset for read in log.landed]
    assert offsets == sorted(offsets)


def test_a_row_without_a_key_is_landed_and_proves_nothing() -> None:
    crawl = Crawl(started_at=moment(0))
    (read,) = crawl.ready(1)
    crawl.receive(read, [Row(None, None, "garbage"), Row(None, None, "garbage")])
    assert [row.record for landed in crawl.take() for row in landed.rows] == ["garbage", "garbage"]


def test_an_answer_that_comes_too_late_is_ignored() -> None:
    crawl = Crawl(started_at=moment(0))
    (read,) = crawl.ready(1)
    crawl.receive(read, [])
    crawl.receive(read, [Row(moment(0), b"1", "late")])
    assert crawl.done
    assert crawl.take() == []


def killed(world: World, answers: int) -> Resume:
    crawl = Crawl(started_at=moment(world.now))
    Driver(world, crawl, in_flight=64, spacing=PACE).run(answers)
    assert crawl.resume is not None
    return crawl.resume


def test_a_killed_crawl_goes_on_where_it_was() -> None:
    world = World(MovingList.of(60_000), timing=as_measured())
    wanted = world.model.keys()
    resume = killed(world, answers=400)
    before = len(world.landed)
    crawl = Crawl(started_at=moment(world.now), resume=resume)
    Driver(world, crawl, in_flight=64, spacing=PACE).run()
    assert world.missing(wanted) == set()
    read_again = before + len(world.landed[before:]) - 60_000
    assert 0 < read_again <= 15_000
    assert crawl.outcome.watermark == moment(-60)


def test_a_crawl_goes_on_after_a_day_of_thousands_of_shifts() -> None:
    world = World(MovingList.of(60_000), timing=as_measured())
    wanted = world.model.keys()
    resume = killed(world, answers=400)
    for number in range(3000):
        world.model.arrive(f"late{number}", world.now + number)
        world.model.come_back(number * 17, world.now + number)
        world.model.delete(number * 13)
    world.now += 3600
    requests = world.requests
    Driver(world, Crawl(started_at=moment(world.now), resume=resume), 64, PACE).run()
    assert world.missing(wanted) == set()
    assert world.requests - requests <= 600


def test_a_crawl_goes_on_after_rows_above_it_were_deleted() -> None:
    world = World(MovingList.of(60_000), timing=as_measured())
    wanted = world.model.keys()
    resume = killed(world, answers=400)
    del world.model.states[100:15_100]
    Driver(world, Crawl(started_at=moment(world.now), resume=resume), 64, PACE).run()
    assert world.missing(wanted) == set()


def test_what_is_kept_for_a_resume_is_small_and_nameless() -> None:
    resume = killed(World(MovingList.of(60_000), timing=as_measured()), answers=400)
    text = json.dumps(resume.to_json())
    assert resume.pending
    assert len(text) < 12_000
    assert '"v' not in text
    assert Resume.from_json(json.loads(text)) == resume


def test_the_boundary_follows_what_is_proved() -> None:
    world = World(MovingList.of(60_000), timing=as_measured())
    assert killed(world, answers=550).rows > killed(world, answers=300).rows > 0
