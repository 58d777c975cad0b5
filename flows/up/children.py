"""The processes of `up`: started, watched, started again, ended."""

from __future__ import annotations

import time
from contextlib import ExitStack
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

from ingestion.config.settings import PROJECT_ROOT
from reports.processes import Guarded

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

# Ctrl-C ends `up` within five seconds: what does not go by itself in these is killed.
_GRACE_SECONDS = 2.5
_STANDARD_OUTPUT = 1
# One that ends at once is started after 1, 2, 4 … seconds, not in a loop.
_LONGEST_WAIT = 60.0
# After so long it had come up: what ended it is no fault of its start.
_STEADY_SECONDS = 120.0


@dataclass(slots=True)
class Child:
    """One process that is to run as long as `up` does.

    Attributes:
        name: As the person at the terminal reads it.
        log: Where its output goes; None for ours.
        passed: Descriptors that it inherits.
    """

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    log: Path | None
    passed: Sequence[int] = ()
    process: Guarded | None = None
    _began: float = 0.0
    _wait: float = 1.0
    _due: float = 0.0

    def start(self) -> None:
        """Start it."""
        with ExitStack() as opened:
            output: IO[bytes] | int = _STANDARD_OUTPUT
            if self.log is not None:
                self.log.parent.mkdir(parents=True, exist_ok=True)
                output = opened.enter_context(self.log.open("ab"))
            self.process = Guarded(
                self.command,
                PROJECT_ROOT,
                self.environment,
                grace=_GRACE_SECONDS,
                output=output,
                passed=self.passed,
            )
        self._began = time.monotonic()

    @property
    def ended(self) -> int | None:
        """The exit code of a child that is not there any more."""
        return None if self.process is None else self.process.ended

    def revive(self, say: Callable[[str], None]) -> None:
        """Start it again when it has ended and its wait is over."""
        code = self.ended
        if code is None:
            return
        now = time.monotonic()
        if not self._due:
            self._wait = 1.0 if now - self._began > _STEADY_SECONDS else self._wait * 2
            self._due = now + min(self._wait, _LONGEST_WAIT)
            where = f"; {self.log} has its last words" if self.log else ""
            say(f"{self.name} ended ({code}) and is started again{where}")
        if now >= self._due:
            self._due = 0.0
            self.start()


def end(children: Sequence[Child]) -> None:
    """End them all, kindly first, at the same time."""
    started = [child.process for child in children if child.process is not None]
    for process in started:
        process.stop()
    for process in started:
        process.end()
