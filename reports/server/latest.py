"""A slow answer, kept: asked again when it is old, and nobody waits for it long."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import Future
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")
PATIENCE_SECONDS = 2.0


class Latest(Generic[T]):
    """What a source said last; `late` while it has not answered yet. Kept for so many seconds.

    The source is asked in a thread of its own, one at a time: a source that hangs costs one
    thread and stalls nobody. Many who look at once ask it no more often than one.
    """

    def __init__(
        self, read: Callable[[], T], late: T, seconds: float, clock: Callable[[], float]
    ) -> None:
        self._read = read
        self._said = late
        self._seconds = seconds
        self._clock = clock
        self._read_at: float | None = None
        self._pending: asyncio.Future[T] | None = None

    def forget(self) -> None:
        """Ask again next time, however young the answer is."""
        self._read_at = None

    async def get(self) -> T:
        """The answer; an older one where the source takes longer than a person waits.

        Raises:
            Exception: What the source raised.
        """
        now = self._clock()
        is_old = self._read_at is None or now - self._read_at > self._seconds
        if is_old and (self._pending is None or self._pending.done()):
            self._pending = self._ask()
            self._read_at = now
        if self._pending is not None:
            done, _ = await asyncio.wait({self._pending}, timeout=PATIENCE_SECONDS)
            if done:
                self._said = self._pending.result()
        return self._said

    def _ask(self) -> asyncio.Future[T]:
        answer: Future[T] = Future()

        def work() -> None:
            try:
                answer.set_result(self._read())
            except Exception as error:  # noqa: BLE001 - it is raised where it is awaited
                answer.set_exception(error)

        # A daemon, for a source may hang: an executor's thread would be waited for at the end.
        threading.Thread(target=work, name="latest", daemon=True).start()
        return asyncio.wrap_future(answer)
