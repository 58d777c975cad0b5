"""Requests side by side: the order is that of what was asked, and one costs no other."""

from __future__ import annotations

import threading
from collections import deque

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingestion.api import parallel
from ingestion.api.parallel import read_in_order
from ingestion.api.rate_limit import InFlight
from ingestion.config.errors import IngestionError, NotFoundError

UNPACED = InFlight(None)  # eight at once


@settings(deadline=None, max_examples=30)
@given(st.permutations(range(12)), st.integers(1, 12))
def test_the_order_is_that_of_what_was_asked(arrival: list[int], most_ahead: int) -> None:
    """Each answer waits for the one that is to arrive before it, where that has been asked."""
    asked, turn = set[int](), threading.Condition()
    place = {number: at for at, number in enumerate(arrival)}
    answered = set[int]()

    def fetch(number: int) -> int:
        with turn:
            asked.add(number)
            turn.notify_all()
            earlier = {one for one in arrival if place[one] < place[number]}
            turn.wait_for(lambda: not (earlier & asked) - answered, timeout=10)
            answered.add(number)
            turn.notify_all()
            return number * 10

    found = list(read_in_order(fetch, deque(range(12)), UNPACED, most_ahead))

    assert found == [(number, number * 10) for number in range(12)]


def test_a_slow_one_delays_no_other_until_the_buffer_is_full() -> None:
    slow, answered = threading.Event(), threading.Semaphore(0)

    def fetch(number: int) -> int:
        if number == 0:
            assert slow.wait(10)
        answered.release()
        return number

    answers = read_in_order(fetch, deque(range(50)), UNPACED, 20)
    first = threading.Thread(target=lambda: next(answers))
    first.start()
    for _ in range(19):
        assert answered.acquire(timeout=10)
    assert not answered.acquire(timeout=0.05)
    slow.set()
    first.join()

    assert [number for number, _ in filter(None, answers)] == list(range(1, 50))


def test_who_hangs_is_passed_and_comes_when_it_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parallel, "SILENCE", 0.1)
    free = threading.Event()

    def fetch(number: int) -> int:
        assert number not in {0, 7} or free.wait(10)
        return number

    answers = read_in_order(fetch, deque(range(30)), UNPACED, 5)

    passed = [next(answers) for _ in range(28)]
    assert passed == [(number, number) for number in range(30) if number not in {0, 7}]
    # Nothing else is left: the caller may do something else meanwhile, as long as it likes.
    assert [next(answers), next(answers)] == [None, None]
    free.set()
    assert sorted(filter(None, answers)) == [(0, 0), (7, 7)]


def test_those_that_hang_are_not_joined_by_ever_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parallel, "SILENCE", 0.02)
    monkeypatch.setattr(parallel, "MOST_IN_FLIGHT", 20)
    free, asked = threading.Event(), list[int]()

    def fetch(number: int) -> int:
        asked.append(number)
        assert free.wait(10)
        return number

    answers = read_in_order(fetch, deque(range(50)), UNPACED, 50)

    def let_go() -> None:
        asked.append(-1)
        free.set()

    threading.Timer(0.5, let_go).start()

    assert {number for number, _ in filter(None, answers)} == set(range(50))
    assert asked.index(-1) == 20


def test_an_error_is_one_answer_among_others() -> None:
    def fetch(number: int) -> int:
        if number % 2:
            raise NotFoundError(f"no {number}", "none")
        return number

    found = [
        answer for _, answer in filter(None, read_in_order(fetch, deque(range(6)), UNPACED, 6))
    ]

    assert [str(one) if isinstance(one, IngestionError) else one for one in found] == [
        0,
        "no 1",
        2,
        "no 3",
        4,
        "no 5",
    ]


def test_a_fault_of_ours_ends_the_reading() -> None:
    with pytest.raises(ZeroDivisionError):
        list(read_in_order(lambda number: 1 // number, deque([1, 0, 2]), UNPACED, 3))


def test_what_is_added_meanwhile_is_read_in_its_turn() -> None:
    waiting, seen = deque([(1, 1), (2, 1), (3, 1)]), []
    for (lane, page), _ in filter(None, read_in_order(lambda one: one, waiting, UNPACED, 3)):
        seen.append((lane, page))
        if page < lane:
            waiting.append((lane, page + 1))

    assert seen == [(1, 1), (2, 1), (3, 1), (2, 2), (3, 2), (3, 3)]
