"""What a crawl costs in requests and seconds, in virtual time; deterministic."""

from __future__ import annotations

import os
import random

import pytest

from ingestion.extract import drifting_list
from ingestion.extract.window import Request
from tests.ingestion.extract.moving_list import (
    Change,
    VirtualReader,
    World,
    as_measured,
    crawl_of,
    moment,
    people,
)

IS_SOAK = os.environ.get("HYPOTHESIS_PROFILE") == "soak"
PACE = 60 / 570
VISITORS = 110_471
PAGES = 1_105
FLOOR_SECONDS = 110.5  # 1,105 pages at 600 a minute


def traffic(per_minute: float, kinds: list[str], seconds: float, seed: int) -> list[Change]:
    chance = random.Random(seed)  # noqa: S311 - a schedule, not a secret
    return [
        Change(chance.uniform(0, seconds), chance.choice(kinds), chance.randrange(VISITORS))
        for _ in range(round(per_minute * seconds / 60))
    ]


@pytest.mark.parametrize("kinds", [["arrive", "return"], ["delete"]])
def test_a_pool_without_proof_loses_visitors(kinds: list[str]) -> None:
    world = World(people(VISITORS), traffic(12, kinds, 140, seed=1), as_measured())
    wanted = world.keys()
    reader = VirtualReader(world, in_flight=64, spacing=PACE)
    for page in range(1, PAGES + 2):
        reader.send(Request(page, 100))
    for _ in range(PAGES + 1):
        world.landed += [row.record for row in reader.receive()[1].rows]  # type: ignore[misc]
    assert len(world.missing(wanted)) > 5


@pytest.mark.parametrize("seed", range(1, 7) if IS_SOAK else [1, 2])
def test_a_quiet_full_load_keeps_its_budget(seed: int) -> None:
    world = World(people(VISITORS), timing=as_measured(seed))
    wanted = world.keys()
    crawl_of(world, 64, spacing=PACE)
    assert world.missing(wanted) == set()
    assert len(world.landed) == VISITORS
    assert world.requests <= 1.18 * PAGES
    assert world.now <= 1.32 * FLOOR_SECONDS


@pytest.mark.parametrize("kinds", [["arrive", "return"], ["arrive", "return", "delete"]])
def test_twelve_changes_a_minute_cost_little_and_lose_nobody(kinds: list[str]) -> None:
    world = World(people(VISITORS), traffic(12, kinds, 200, seed=3), as_measured())
    wanted = world.keys()
    crawl = crawl_of(world, 64, spacing=PACE)
    assert world.missing(wanted) == set()
    assert world.requests <= 1.25 * PAGES
    assert world.now <= 1.5 * FLOOR_SECONDS
    assert crawl.reading.shifts > 0


def test_a_day_of_24_is_one_request() -> None:
    world = World(people(VISITORS, 3600), timing=as_measured())
    crawl = crawl_of(world, bound=moment(-24 * 3600))
    assert world.asked == [(1, 100)]
    assert crawl.point.watermark == moment(-3600)


def test_a_week_of_470_is_a_handful_of_requests() -> None:
    world = World(people(VISITORS), timing=as_measured())
    crawl_of(world, bound=moment(-470 * 60))
    assert {key for key, _ in world.landed} >= {f"v{i}" for i in range(470)}
    assert world.requests <= 8


def test_a_bounded_crawl_of_thousands_is_read_side_by_side() -> None:
    world = World(people(VISITORS), timing=as_measured())
    crawl_of(world, 64, bound=moment(-10_000 * 60), spacing=PACE)
    assert {key for key, _ in world.landed} >= {f"v{i}" for i in range(10_000)}
    assert world.requests <= 145
    assert world.now <= 35  # one by one it would take 140 seconds


@pytest.mark.parametrize("visitors", [0, 1, 6, 7, 8, 99, 100, 101, 200, 1000])
def test_the_end_is_found_at_any_length(visitors: int) -> None:
    world = World(people(visitors))
    crawl_of(world)
    assert world.landed == world.states
    assert world.requests <= (1 if not visitors else 15 + 1.3 * visitors / 100)


@pytest.mark.parametrize("cap", [50, 25, 10])
def test_a_lower_cap_is_found_out(cap: int) -> None:
    world = World(people(5_200), cap=cap)
    crawl_of(world, 64)
    assert world.missing(world.keys()) == set()
    assert world.requests <= 1.7 * 5_200 / cap


def test_a_killed_crawl_reads_little_again() -> None:
    world = World(people(30_000), timing=as_measured())
    wanted = world.keys()
    resume = crawl_of(world, 64, spacing=PACE, answers=200).resume
    before, landed = world.requests, len(world.landed)
    crawl_of(world, 64, spacing=PACE, resume=resume)
    assert world.missing(wanted) == set()
    assert world.requests - before <= 1.2 * (30_000 - landed) / 100 + 30


def test_what_is_held_in_memory_does_not_grow_with_the_list() -> None:
    world = World(people(300_000 if IS_SOAK else 40_000), timing=as_measured(spread=0.9))
    reader = VirtualReader(world, in_flight=64)
    crawl = drifting_list.Crawl(reader, lambda: moment(world.now))
    held = 0
    for rows in crawl.fresh_rows():
        held = max(held, reader.answered - crawl.pages)
        del rows
    assert held <= drifting_list.AHEAD + 64
