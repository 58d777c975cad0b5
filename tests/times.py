"""How long the tests took, by room, beside the budget: a table at the end of every run.

Summed are the seconds of the tests themselves, added up over all processes. Wall are those in
which at least one test of the room ran. Alone is what the room takes when nothing else runs: the
run's own wall when it was alone, otherwise reckoned, from what is summed and what must stay in
one process. A run over its budget is told so and fails nothing: machines differ. What was skipped
stands there too, a line for each reason.
"""

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from _pytest.terminal import TerminalReporter

# Seconds. Of the 25 minutes for everything the gates of `make check` have three.
ROOM, ALL, ALL_AND_HEAVY = 90, 600, 1320
# What needs the engine of the local Athena, Terraform or a built site. They have the rest of
# ALL_AND_HEAVY together, and no budget of a room.
HEAVY = (
    "tests/dbt_project/test_parity.py",
    "tests/flows/athena",
    "tests/infra",
    "tests/reports/site",
    "tests/sandbox/athena",
)
SLOWEST = 10
Span = tuple[float, float]


def place_of(nodeid: str) -> str:
    """The line of the table a test belongs to: its room, or its heavy lane."""
    heavy = next((lane for lane in HEAVY if nodeid.startswith(lane)), None)
    return heavy or "/".join(nodeid.partition("::")[0].split("/")[:2])


def wall(spans: Iterable[Span]) -> float:
    """Seconds covered by at least one of the spans."""
    total, end = 0.0, float("-inf")
    for start, stop in sorted(spans):
        total += max(0.0, stop - max(start, end))
        end = max(end, stop)
    return total


class Times:
    """A plugin of pytest; `room_of` says which tests stay in one process."""

    def __init__(self, room_of: Callable[[str], str]) -> None:
        self._room_of, self._began = room_of, time.monotonic()
        self._seconds: defaultdict[str, float] = defaultdict(float)
        self._spans: defaultdict[str, list[Span]] = defaultdict(list)
        self._skipped: Counter[str] = Counter()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._seconds[report.nodeid] += report.duration
        self._spans[place_of(report.nodeid)].append((report.start, report.stop))
        self._note_skip(report)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        self._note_skip(report)

    def _note_skip(self, report: pytest.TestReport | pytest.CollectReport) -> None:
        if report.skipped and isinstance(report.longrepr, tuple):
            self._skipped[report.longrepr[2].removeprefix("Skipped: ")] += 1

    def pytest_terminal_summary(self, terminalreporter: "TerminalReporter") -> None:
        processes = terminalreporter.config.getoption("numprocesses", None) or 1
        lines, over = self.table(processes, time.monotonic() - self._began)
        if lines:
            terminalreporter.section(f"seconds in {processes} process{'es' * (processes > 1)}")
        for line in lines:
            terminalreporter.write_line(line)
        for line in [*over, *self.skips()]:
            terminalreporter.write_line(line, yellow=True)

    def skips(self) -> list[str]:
        """A line for each reason why tests were skipped."""
        return [f"skipped {count}: {reason}" for reason, count in self._skipped.most_common()]

    def table(self, processes: int, took: float) -> tuple[list[str], list[str]]:
        """Lines of the table, and of what is over its budget; none where no test ran."""
        if not self._seconds:
            return [], []
        lines = [f"{'':36} tests  summed    wall   alone  budget"]
        over = []
        for place, spans in sorted(self._spans.items()):
            own = {name: s for name, s in self._seconds.items() if place_of(name) == place}
            alone = took if len(self._spans) == 1 else self._alone(own, processes)
            budget = None if place in HEAVY else ROOM
            lines.append(_line(place, len(own), sum(own.values()), wall(spans), alone, budget))
            if budget and alone > budget:
                over.append(_over(place, alone, budget))
        budget = ALL_AND_HEAVY if self._spans.keys() & set(HEAVY) else ALL
        whole = sum(self._seconds.values())
        lines.append(_line("all", len(self._seconds), whole, took, took, budget))
        if took > budget:
            over.append(_over("all", took, budget))
        slowest = sorted(self._seconds.items(), key=lambda item: -item[1])
        lines += ["", "the slowest"]
        lines += [f"{seconds:8.1f}  {name}" for name, seconds in slowest[:SLOWEST]]
        return lines, over

    def _alone(self, seconds: dict[str, float], processes: int) -> float:
        together: defaultdict[str, float] = defaultdict(float)
        for name, one in seconds.items():
            together[self._room_of(name)] += one
        return max(sum(seconds.values()) / processes, *together.values())


def _line(  # noqa: PLR0913, PLR0917 - the columns
    name: str, tests: int, summed: float, spent: float, alone: float, budget: int | None
) -> str:
    limit = f"{budget:8}" if budget else ""
    return f"{name:36} {tests:5}{summed:8.1f}{spent:8.1f}{alone:8.1f}{limit}"


def _over(name: str, alone: float, budget: int) -> str:
    return f"warning: {name} takes {alone:.0f} s, over its budget of {budget}: make it faster"
