"""How far a run has come: a bar on a terminal, a plain line now and then in a pipe."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn
from rich.progress import TimeRemainingColumn as TimeLeft

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ingestion.state.manifest import ResourceRun

_SECONDS_BETWEEN_LINES = 15.0


class RunProgress:
    """Shows on stderr what a run is doing, and pages, rate and time left while it crawls.

    Args:
        clock: Monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Show nothing before `live`."""
        self._clock = clock
        self._console = Console(stderr=True)
        self._bar: Progress | None = None
        self._task = TaskID(0)
        self._resource = ""
        self._began = self._last_line = clock()

    @contextmanager
    def live(self, doing: str) -> Iterator[None]:
        """Show what is being done while the block runs."""
        if not self._console.is_terminal:
            yield
            return
        columns = (
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=30),
            TextColumn("{task.fields[detail]}"),
            TimeLeft(compact=True),
        )
        with Progress(*columns, console=self._console, transient=True) as bar:
            self._bar, self._task = bar, bar.add_task(doing, total=None, detail="")
            yield
        self._bar = None

    def say(self, doing: str) -> None:
        """Show what is being done from now on."""
        if self._bar is not None:
            self._bar.reset(self._task, total=None, description=doing, detail="")

    def update(self, entry: ResourceRun) -> None:
        """Show how far a resource has come; called after each of its answers."""
        if entry.resource != self._resource:
            self._resource, self._began = entry.resource, self._clock()
            self.say(entry.resource)
        detail = describe(entry, self._clock() - self._began)
        if self._bar is not None:
            self._bar.update(
                self._task, total=entry.pages_expected, completed=entry.pages, detail=detail
            )
        elif detail and self._clock() - self._last_line >= _SECONDS_BETWEEN_LINES:
            self._last_line = self._clock()
            self._console.print(f"{entry.resource}: {detail}", highlight=False, soft_wrap=True)


def describe(entry: ResourceRun, seconds: float) -> str:
    """Pages, rate and time left, as far as they are known.

    Args:
        entry: How far the resource has come.
        seconds: Since it began.

    Returns:
        For example `320 of 1,106 pages, 9.4 a second, 1:24 left`.
    """
    if not entry.pages_expected:
        return f"{entry.pages:,} pages" if entry.pages else ""
    rate = entry.pages / seconds if seconds > 0 else 0.0
    said = f"{entry.pages:,} of {entry.pages_expected:,} pages, {rate:.1f} a second"
    if not rate or entry.pages >= entry.pages_expected:
        return said
    left = round((entry.pages_expected - entry.pages) / rate)
    return f"{said}, {left // 60}:{left % 60:02d} left"
