"""Medians over repeats, ratios to ours, and the table in docs/benchmarks.md."""

import os
import platform
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from statistics import median

from tests.bench.contestants import OURS
from tests.bench.measure import floor_seconds, pages_of
from tests.bench.scenarios import Result
from tests.support.machine.servers import ROOT

DOCUMENT = ROOT / "docs" / "benchmarks.md"
_HEAD = (
    "visitors", "scenario", "who", "runs", "seconds", "times ours", "times the floor",
    "processor s", "requests", "429", "peak MB", "missing", "stale",
)  # fmt: skip


@dataclass(frozen=True)
class Line:
    """The repeats of one scenario by one contestant: medians, but the worst of the gaps."""

    scenario: str
    who: str
    visitors: int
    runs: int
    seconds: float
    processor_seconds: float
    floor: float
    requests: float
    refused: int
    peak_mb: float
    missing: int
    stale: int
    failed: int


def summarise(results: Sequence[Result]) -> list[Line]:
    """Fold repeats, in the order in which they first came."""
    groups: dict[tuple[int, str, str], list[Result]] = {}
    for result in results:
        key = result.scale.visitors, result.scenario, result.who
        groups.setdefault(key, []).append(result)
    lines = [_fold(group) for group in groups.values()]
    order = list(dict.fromkeys((line.visitors, line.scenario) for line in lines))
    return sorted(lines, key=lambda line: order.index((line.visitors, line.scenario)))


def _fold(group: Sequence[Result]) -> Line:
    first, took = group[0], [result.took for result in group]
    gaps = [one.gaps for one in took if one.gaps]
    return Line(
        scenario=first.scenario,
        who=first.who,
        visitors=first.scale.visitors,
        runs=len(group),
        seconds=median(one.seconds for one in took),
        processor_seconds=median(one.processor_seconds for one in took),
        floor=floor_seconds(pages_of(first.scale.visitors), first.scale.limit),
        requests=median(one.requests for one in took),
        refused=max(one.refused for one in took),
        peak_mb=median(one.peak_mb for one in took),
        missing=max((gap.missing for gap in gaps), default=0),
        stale=max((gap.stale for gap in gaps), default=0),
        failed=sum(one.exit_code != 0 for one in took),
    )


def make_table(lines: Sequence[Line]) -> str:
    """Return the lines as Markdown; a run that failed is said to have failed."""
    ours = {(line.visitors, line.scenario): line for line in lines if line.who == OURS.name}
    rows = [_cells(line, ours.get((line.visitors, line.scenario))) for line in lines]
    table = [_HEAD, ["---"] * 3 + ["---:"] * (len(_HEAD) - 3), *rows]
    return "\n".join("| " + " | ".join(row) + " |" for row in table)


def _cells(line: Line, ours: Line | None) -> list[str]:
    # Only a run that reads the whole list has the whole list's floor.
    is_whole = line.requests * 100 >= line.visitors
    return [
        f"{line.visitors:,}",
        line.scenario,
        line.who + (f" ({line.failed} failed)" if line.failed else ""),
        f"{line.runs}",
        f"{line.seconds:.1f}",
        f"{line.seconds / ours.seconds:.2f}" if ours else "-",
        f"{line.seconds / line.floor:.2f}" if is_whole else "-",
        f"{line.processor_seconds:.1f}",
        f"{line.requests:,.0f}",
        f"{line.refused}",
        f"{line.peak_mb:.0f}",
        f"{line.missing}",
        f"{line.stale}",
    ]


def describe_machine() -> str:
    """Return what a reader needs to weigh the figures; no name of a machine."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{os.cpu_count()} cores, {memory:.0f} GiB, {platform.system()}, "
        f"Python {platform.python_version()}, {datetime.now(UTC).date().isoformat()}"
    )


def write_section(name: str, command: str, table: str) -> None:
    """Replace what stands between a section's markers in docs/benchmarks.md."""
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    text = DOCUMENT.read_text(encoding="utf-8")
    pattern = re.compile(f"{re.escape(begin)}.*{re.escape(end)}", re.DOTALL)
    assert pattern.search(text), f"{DOCUMENT.name} has lost the markers of {name}"
    measured = f"{command}: {describe_machine()}.\n\n{table}"
    replaced = pattern.sub(lambda _: f"{begin}\n\n{measured}\n\n{end}", text)
    DOCUMENT.write_text(replaced, encoding="utf-8")
