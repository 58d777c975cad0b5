"""What proves that nothing slipped between two windows, and where to look when nothing does."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

import pytest

from ingestion.extract.visitor_list.sandwich import Sandwich
from ingestion.extract.visitor_list.shifts import Chain
from ingestion.extract.visitor_list.slices import Purpose, Read, Seam, Slice
from ingestion.extract.visitor_list.watch import Watch
from tests.ingestion.extract.list_model import moment, row_of

if TYPE_CHECKING:
    from ingestion.extract.visitor_list.slices import Errand

NUMBERS = count()


def window(first: int, rows: int, offset: int) -> Slice:
    """Visitors `first`, `first` + 1, …, one a minute, seen at `offset`; all sizes divide 10."""
    states = [(f"v{place}", moment(-60 * place)) for place in range(first, first + rows)]
    number = next(NUMBERS) * 2
    read = Read(number, offset // 10 + 1, 10, Purpose.SWEEP)
    one = Slice.of(read).fill([row_of(state) for state in states], number + 1)
    one.offset = offset
    return one


def chain_of(*windows: Slice) -> Chain:
    chain = Chain(Watch())
    chain.slices += windows
    chain.settle()
    return chain


def test_windows_that_share_a_row_join_and_only_the_lowest_is_kept() -> None:
    upper, lower = window(0, 10, 0), window(9, 10, 9)
    assert chain_of(upper, lower).slices == [lower]


def waiting_chain(*firsts: int) -> Chain:
    """Windows that touch, read after a watch was opened."""
    chain = chain_of()
    chain.watch.restart((b"front",))
    chain.watch.open(window(90, 10, 90))
    chain.slices += [window(first, 10, first) for first in firsts]
    chain.settle()
    return chain


def test_windows_that_wait_for_a_look_are_pending() -> None:
    chain = waiting_chain(0, 10, 20)
    assert [one.seam for one in chain.slices[1:]] == [Seam.WAITING, Seam.WAITING]
    assert chain.pending is chain.slices[2]


def test_nothing_is_pending_below_a_window_that_has_not_come() -> None:
    chain = waiting_chain(0, 10, 20, 30)
    chain.slices[2].seam, chain.slices[2].received = Seam.OPEN, None
    assert chain.pending is chain.slices[1]


def test_nothing_is_pending_that_a_look_could_not_prove() -> None:
    chain = waiting_chain(0, 10, 20)
    chain.slices[0].sent = 0  # before the watch was open
    assert chain.pending is None


def test_windows_that_touch_are_torn_without_looks() -> None:
    chain = chain_of(window(0, 10, 0), window(10, 10, 10))
    assert [one.seam for one in chain.slices[1:]] == [Seam.TORN]


def test_a_link_that_shares_a_row_with_both_sides_closes_the_seam() -> None:
    lower = window(11, 10, 10)
    chain = chain_of(window(0, 10, 0), lower)
    assert chain.link(lower, window(5, 10, 5))
    chain.settle()
    assert chain.slices == [lower]


@pytest.mark.parametrize(
    ("first", "offset", "aim"),
    [(9, 20, 30), (21, 12, 12), (-40, 40, 50), (90, 40, 40)],
    ids=["shares with the upper", "shares with the lower", "far above", "far below"],
)
def test_a_link_that_meets_one_side_moves_the_seam(first: int, offset: int, aim: int) -> None:
    lower = window(30, 10, 10)
    chain = chain_of(window(0, 10, 0), lower)
    assert chain.link(lower, window(first, 10, offset))
    chain.settle()
    (torn,) = chain.torn
    assert chain.aim(torn) == aim


def test_a_link_strictly_between_leaves_two_seams() -> None:
    lower = window(40, 10, 10)
    chain = chain_of(window(0, 10, 0), lower)
    assert chain.link(lower, window(20, 10, 5))
    assert len(chain.torn) == 2


def test_an_empty_link_is_aimed_higher() -> None:
    lower = window(30, 10, 10)
    chain = chain_of(window(0, 10, 0), lower)
    assert not chain.link(lower, window(0, 0, 40))
    assert chain.aim(lower) == 40


def test_without_an_order_a_link_that_misses_is_aimed_outwards_up_to_the_top() -> None:
    lower = window(62, 10, 20)
    chain = chain_of(window(50, 10, 10), lower)
    chain.violations = 1
    aims = []
    for _ in range(8):
        assert not chain.link(lower, window(900, 10, 40))
        aims.append(chain.aim(lower))
    assert aims == [15, 25, 10, 30, 5, 35, 1, 40]
    assert chain.link(lower, window(700, 10, 0))


def test_a_window_below_the_top_never_joins_by_time_in_a_sweep() -> None:
    chain = chain_of(window(0, 10, 0), window(-30, 10, 10))
    assert [one.seam for one in chain.slices[1:]] == [Seam.TORN]


@pytest.mark.parametrize(
    ("changes", "proved"),
    [((0, 0), True), ((1, 0), False), ((0, 1), False)],
    ids=["stood still", "the first page moved", "the page above moved"],
)
def test_two_pages_touch_when_what_is_around_them_stood_still(
    changes: tuple[int, int],
    *,
    proved: bool,
) -> None:
    front, above = changes
    firsts = [0, 10, 20, 10 + above, front]
    errands: list[Errand] = []
    outcomes: list[bool] = []
    Sandwich(errands, (1, 10), (20, 10), lambda done: outcomes.append(done.stood_still))
    for number, first in enumerate(firsts):
        where, purpose, handler = errands.pop()
        rows = [row_of((f"v{first + i}", moment(-first - i))) for i in range(10)]
        handler(Read(2 * number, *where, purpose), rows, 2 * number + 1)
    assert outcomes == [proved]
