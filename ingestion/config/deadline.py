"""A deadline for what has none of its own: a time-out of sockets is for each read alone."""

from __future__ import annotations

import threading
from concurrent.futures import Future
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

A = TypeVar("A")


def within(seconds: float, call: Callable[[], A]) -> A:
    """What the call returns or raises; `TimeoutError` where neither came in so many seconds.

    It goes on in a daemon thread then, for which no process waits.
    """
    answer = Future[A]()
    threading.Thread(target=settle, args=(answer, call), daemon=True).start()
    return answer.result(seconds)


def settle(answer: Future[A], call: Callable[[], A]) -> None:
    """Let a future hold what a call returns or raises."""
    try:
        answer.set_result(call())
    except BaseException as error:  # noqa: BLE001 - raised again by `result`
        answer.set_exception(error)
