"""What a killed crawl reads again, in virtual time."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from ingestion.extract.visitor_list.crawl import Crawl, Landed, Read, Resume, Row
from ingestion.extract.visitor_list.resume import has_leapt
from ingestion.extract.visitor_list.slices import Purpose
from ingestion.load.bronze import RECORDS_PER_PART
from ingestion.load.loader import _DUE
from tests.ingestion.extract.crawl_runs import PACE, VISITORS, as_measured
from tests.ingestion.extract.list_model import Driver, MovingList, World, moment

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


@dataclass
class Saving:
    """A crawl whose rows are made durable as `ingestion.extract.visitors` does it.

    Attributes:
        saved: Where the next process would go on.
        read_again: After each answer, the rows it would read again, the list standing still.
        at_worst: The same, when the list has moved by then.
    """

    crawl: Crawl
    saved: Resume | None = None
    parts: int = 0
    read_again: list[int] = field(default_factory=list)
    at_worst: list[int] = field(default_factory=list)
    _rows: int = 0
    _windows: list[tuple[int, int]] = field(default_factory=list)

    @property
    def done(self) -> bool:
        return self.crawl.done

    def ready(self, limit: int) -> list[Read]:
        return self.crawl.ready(limit)

    def receive(self, read: Read, rows: Sequence[Row]) -> None:
        if read.purpose is Purpose.SWEEP:
            self._windows.append((read.offset, read.offset + len(rows)))
        self.crawl.receive(read, rows)

    def take(self) -> list[Landed]:
        landed = self.crawl.take()
        self._rows += sum(len(one.rows) for one in landed)
        self._note()
        if self._rows >= _DUE or has_leapt(self.saved, self.crawl.resume):
            self.saved, self._rows = self.crawl.resume, 0
            self.parts += 1
        return landed

    def _note(self) -> None:
        proved = self.saved.rows if self.saved else 0
        pending = self.saved.pending if self.saved else None
        edge = pending.boundary.slice.end if pending else proved
        if not (self.saved and self.saved.front_only):
            self.read_again.append(self._below(edge))
            self.at_worst.append(self._below(proved))

    def _below(self, edge: int) -> int:
        return sum(max(0, end - max(start, edge)) for start, end in self._windows)


@pytest.mark.parametrize(("seed", "spread"), [(1, 0.2), (5, 0.6)])
def test_a_kill_at_any_answer_costs_at_most_a_part(seed: int, spread: float) -> None:
    world = World(MovingList.of(VISITORS), timing=as_measured(seed, spread))
    saving = Saving(Crawl(started_at=moment(0)))
    Driver(world, saving, in_flight=64, spacing=PACE).run()
    assert max(saving.read_again) <= RECORDS_PER_PART
    assert max(saving.at_worst) <= 17_500
    assert saving.parts <= 24


def killed(world: World, answers: int) -> Resume:
    crawl = Crawl(started_at=moment(world.now))
    Driver(world, crawl, in_flight=64, spacing=PACE).run(answers)
    assert crawl.resume
    assert crawl.resume.pending
    return crawl.resume


def go_on(world: World, resume: Resume) -> tuple[Crawl, int]:
    crawl, landed = Crawl(started_at=moment(world.now), resume=resume), len(world.landed)
    Driver(world, crawl, in_flight=64, spacing=PACE).run()
    return crawl, len(world.landed) - landed


def test_what_waited_for_a_look_is_proved_by_one_of_the_next_process() -> None:
    world = World(MovingList.of(60_000), timing=as_measured())
    wanted = world.model.keys()
    resume = killed(world, answers=500)
    before = len(world.landed)
    _, landed = go_on(world, resume)
    assert world.missing(wanted) == set()
    assert before + landed <= 60_000 + 500


def arrive(model: MovingList) -> None:
    model.arrive("new", 1000)


def delete_first(model: MovingList) -> None:
    model.delete(0)


def delete_deep(model: MovingList) -> None:
    model.delete(40_000)


def return_from_deep(model: MovingList) -> None:
    model.come_back(40_000, 1000)


@pytest.mark.parametrize("change", [arrive, delete_first, delete_deep, return_from_deep])
def test_what_waited_is_read_again_where_anything_has_moved(
    change: Callable[[MovingList], None],
) -> None:
    world = World(MovingList.of(60_000), timing=as_measured())
    wanted = world.model.keys()
    resume = killed(world, answers=500)
    before = len(world.landed)
    change(world.model)
    _, landed = go_on(world, resume)
    assert world.missing(wanted) == set()
    assert before + landed > 60_000 + 1000


def test_a_row_that_slid_between_two_pages_before_the_kill_is_found() -> None:
    # Someone left while windows were in flight: the row behind moved up between two answers.
    for answers in (470, 480, 490):
        world = World(MovingList.of(60_000), timing=as_measured(seed=answers))
        crawl = Crawl(started_at=moment(0))
        driver = Driver(world, crawl, in_flight=64, spacing=PACE)
        driver.run(answers)
        world.model.delete(100)
        driver.run(answers + 40)
        assert crawl.resume
        wanted = world.model.keys()
        go_on(world, crawl.resume)
        assert world.missing(wanted) == set()
