"""Threads that read pages; how many at once is the caller's to say."""

from __future__ import annotations

import threading
from queue import SimpleQueue
from typing import TYPE_CHECKING, Generic, Self, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


class Readers(Generic[T]):
    """A pool that grows with what is sent and ends with its block.

    Its threads are daemons: a process that is done, or stopped, never waits for a page
    that does not come.

    Args:
        fetch: Reads one page, what was sent to decoded rows; its errors come back from
            `receive`.
    """

    def __init__(self, fetch: Callable[[T], list[object]]) -> None:
        """Start no thread yet."""
        self._fetch = fetch
        self._reads: SimpleQueue[T | None] = SimpleQueue()
        self._answers: SimpleQueue[tuple[T, list[object] | BaseException]] = SimpleQueue()
        self._threads = 0
        self._open = True
        self.in_flight = 0

    def __enter__(self) -> Self:
        """Open the pool."""
        return self

    def __exit__(self, *_error: object) -> None:
        """Let every thread end after the page it reads."""
        self._open = False
        for _ in range(self._threads):
            self._reads.put(None)

    def send(self, read: T) -> None:
        """Begin to read a page."""
        self.in_flight += 1
        if self.in_flight > self._threads:
            self._threads += 1
            threading.Thread(target=self._work, daemon=True).start()
        self._reads.put(read)

    def receive(self) -> tuple[T, list[object]]:
        """Wait for the next page, whichever comes first.

        Raises:
            IngestionError: The page could not be read.
        """
        read, answer = self._answers.get()
        self.in_flight -= 1
        if isinstance(answer, BaseException):
            raise answer
        return read, answer

    def _work(self) -> None:
        while (read := self._reads.get()) is not None and self._open:
            try:
                self._answers.put((read, self._fetch(read)))
            except BaseException as error:  # noqa: BLE001 - raised again by `receive`
                self._answers.put((read, error))
