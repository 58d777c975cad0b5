"""A call with a deadline: its answer, its error, or that neither came."""

import threading

import pytest

from ingestion.config.deadline import within


def test_an_answer_or_an_error_is_that_of_the_call() -> None:
    assert within(10, lambda: 7) == 7
    with pytest.raises(ZeroDivisionError):
        within(10, lambda: 1 // 0)


def test_who_hangs_is_left_alone() -> None:
    free = threading.Event()
    with pytest.raises(TimeoutError):
        within(0.05, free.wait)
    free.set()
