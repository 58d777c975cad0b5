"""Crawls run in virtual time at the latency that was measured, with a note of what they asked."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ingestion.extract.visitor_list.crawl import Crawl, Landed, Read, Row
from ingestion.extract.visitor_list.slices import Purpose
from tests.ingestion.extract.list_model import Change, Driver, MovingList, Timing, World, moment

if TYPE_CHECKING:
    from collections.abc import Sequence

FLOOR_SECONDS = 110.5  # 1,105 pages at 600 a minute
PACE = 60 / 570
VISITORS = 110_471


def as_measured(seed: int = 1, spread: float = 0.2) -> Timing:
    """1.2 s at the front, 5.5 s at page 1,100, give or take a fifth; cut at any instant."""
    chance = random.Random(seed)  # noqa: S311 - a schedule, not a secret

    def timing(read: Read) -> tuple[float, float]:
        seconds = 1.2 + 4.3 * min(1.0, read.offset / 110_000)
        return seconds * chance.uniform(1 - spread, 1 + spread), chance.random()

    return timing


@dataclass
class Naive:
    """A pool of workers that takes the pages one after the other until one is empty."""

    per_page: int
    page: int = 0
    busy: int = 0
    ended: bool = False
    landed: list[Landed] = field(default_factory=list)

    @property
    def done(self) -> bool:
        return self.ended and not self.busy

    def ready(self, limit: int) -> list[Read]:
        if self.ended or not limit:
            return []
        self.page += 1
        self.busy += 1
        return [Read(self.page, self.page, self.per_page, Purpose.SWEEP)]

    def receive(self, read: Read, rows: Sequence[Row]) -> None:
        self.busy -= 1
        self.ended = self.ended or not rows
        self.landed.append(Landed(read, list(rows)))

    def take(self) -> list[Landed]:
        landed, self.landed = self.landed, []
        return landed


@dataclass
class Log:
    """A crawl with a note of what it asked, what came, and what it held on to."""

    crawl: Crawl
    reads: list[Read] = field(default_factory=list)
    landed: list[Read] = field(default_factory=list)
    empty: int = 0
    most_slices: int = 0

    @property
    def done(self) -> bool:
        return self.crawl.done

    def ready(self, limit: int) -> list[Read]:
        reads = self.crawl.ready(limit)
        self.reads += reads
        return reads

    def receive(self, read: Read, rows: Sequence[Row]) -> None:
        self.empty += not rows
        self.crawl.receive(read, rows)
        self.most_slices = max(self.most_slices, len(self.crawl._sweep.chain.slices))

    def take(self) -> list[Landed]:
        landed = self.crawl.take()
        self.landed += [one.read for one in landed]
        return landed


def traffic(per_minute: float, kinds: list[str], seconds: float, seed: int) -> list[Change]:
    chance = random.Random(seed)  # noqa: S311 - a schedule, not a secret
    count = round(per_minute * seconds / 60)
    return [
        Change(chance.uniform(0, seconds), chance.choice(kinds), chance.randrange(VISITORS))
        for _ in range(count)
    ]


def full_load(changes: list[Change], seed: int = 1) -> tuple[World, Log, set[str]]:
    world = World(MovingList.of(VISITORS), changes, as_measured(seed))
    wanted = world.model.keys()
    log = Log(Crawl(started_at=moment(0)))
    Driver(world, log, in_flight=64, spacing=PACE).run()
    return world, log, wanted


def read_all(world: World, crawl: Crawl, in_flight: int = 8) -> Log:
    log = Log(crawl)
    Driver(world, log, in_flight).run()
    return log
