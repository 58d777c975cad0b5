"""What a day costs on Athena when one, thirty and 365 days of history lie behind it.

Bytes are the engine's own statistics, as GetQueryExecution gives them; the engine is the
sandbox's, so time is left out and bytes and statements are what counts.
"""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import boto3
import click
import pytest

from flows.stages.figures import billed_usd
from tests.bench.report import write_section
from tests.support.aws.athena_stack import missing_tool, running_athena
from tests.support.bronze.writer import BronzeWriter, visitor
from tests.support.lakes.athena_home import AthenaHome, point_at

FIRST = date(2025, 1, 1)
A_DAY = 24
BEFORE = 5_000


@dataclass(frozen=True)
class Day:
    """One day's build.

    Attributes:
        history: Days that lay in bronze before it.
        statements: What the build ran on Athena.
        bronze_bytes: Read by the statements that read bronze.
        all_bytes: Read by all.
        usd: The list price of all.
    """

    history: int
    statements: int
    bronze_bytes: int
    all_bytes: int
    usd: float


def land_day(bronze: BronzeWriter, number: int, visitors: int) -> None:
    """One day of bronze: some visitors, each with an activity of that day."""
    day = FIRST + timedelta(days=number)
    at = f"{day.isoformat()}T08:00:00.000000Z"
    people = [
        visitor(f"{number:05}-{one:05}" + "k" * 60, f"{day.isoformat()}T07:00:00Z")
        for one in range(visitors)
    ]
    bronze.write_visitors(people, at)
    bronze.write_media("m", {"play_count": number, "load_count": number + 1}, at)
    bronze.write_run(at, {"state": "completed", "started_at": at, "finished_at": at})


def measure_days(home: AthenaHome, histories: tuple[int, ...]) -> Iterator[Day]:
    """Load history, build it, load one day more and measure its build."""
    bronze, landed = BronzeWriter(home.folder), 0
    land_day(bronze, landed, BEFORE)
    for history in histories:
        while landed < history - 1:
            landed += 1
            land_day(bronze, landed, A_DAY)
        home.build(str(FIRST + timedelta(days=landed)))
        before = {
            one["QueryExecutionId"] for one in read_executions(home.settings.athena_workgroup)
        }
        landed += 1
        land_day(bronze, landed, A_DAY)
        home.build(str(FIRST + timedelta(days=landed)))
        yield _measure(home, history, before)


def read_executions(workgroup: str) -> list[Any]:
    """What GetQueryExecution says of the workgroup's queries, newest first."""
    athena = boto3.client("athena")
    found: list[Any] = []
    for page in athena.get_paginator("list_query_executions").paginate(WorkGroup=workgroup):
        if ids := page["QueryExecutionIds"]:
            found += athena.batch_get_query_execution(QueryExecutionIds=ids)["QueryExecutions"]
    return found


def _measure(home: AthenaHome, history: int, before: set[str]) -> Day:
    ran = [
        one
        for one in read_executions(home.settings.athena_workgroup)
        if one["QueryExecutionId"] not in before
    ]
    scanned = [int(one.get("Statistics", {}).get("DataScannedInBytes", 0)) for one in ran]
    bronze = f"{home.settings.glue_database_prefix}bronze"
    from_bronze = [n for one, n in zip(ran, scanned, strict=True) if bronze in one["Query"]]
    usd = sum(map(billed_usd, scanned))
    return Day(history, len(ran), sum(from_bronze), sum(scanned), usd)


def make_table(days: list[Day]) -> str:
    """Return the days as Markdown."""
    head = "| days of history | statements | bronze kB read | all kB read | USD at list price |"
    rows = [
        f"| {d.history} | {d.statements} | {d.bronze_bytes / 1e3:,.1f} | {d.all_bytes / 1e3:,.1f} "
        f"| {d.usd:.4f} |"
        for d in days
    ]
    return "\n".join([head, "|" + " ---: |" * 5, *rows])


@click.command()
@click.option("--history", "histories", multiple=True, type=int, default=(1, 30, 365))
@click.option("--write/--no-write", default=True, show_default=True, help="docs/benchmarks.md.")
def bench(histories: tuple[int, ...], write: bool) -> None:  # noqa: FBT001 - a flag
    """Measure and report; where Java or the engine is missing, say so and end.

    Example: python -m tests.bench.athena --history 1 --history 30
    """
    if reason := missing_tool():
        click.echo(f"Athena is left out: {reason}")
        return
    with (
        running_athena() as stack,
        tempfile.TemporaryDirectory() as folder,
        pytest.MonkeyPatch.context() as patch,
    ):
        for name, value in point_at(stack).items():
            patch.setenv(name, value)
        patch.chdir(folder)
        patch.setattr(boto3, "DEFAULT_SESSION", None)
        home = AthenaHome.make(stack, Path(folder) / "lake")
        days = list(measure_days(home, tuple(sorted(histories))))
    table = make_table(days)
    click.echo(table)
    if write:
        write_section("athena", "`python -m tests.bench.athena`", table)


if __name__ == "__main__":
    bench()
