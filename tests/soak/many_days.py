"""`python -m tests.soak.many_days`: day after day through the flow, with a clock of its own.

Two lakes read one account. In one days go wrong, as `script.py` has it; the other is left
alone. Whenever the first has healed both must hold the same tables, and each alarm must have
been told once, on the day it belongs to, and taken back once.
"""

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click

from tests.soak.sameness import OF_RUNS, OF_THE_MOMENT
from tests.soak.script import EVERY, FAULTS, NO_RUN, expected
from tests.soak.verdict import Verdict
from tests.support.machine.clock import Clock
from tests.support.machine.listening import listening
from tests.support.machine.servers import Sandbox, running_sandbox

FIRST = datetime(2025, 6, 1, 7, 54, tzinfo=UTC)
# `up` looks all the time; these are after each run, and when a missed one has become stale.
LOOKS = (timedelta(minutes=30), timedelta(hours=6, minutes=30))


@dataclass
class Days:
    """The account, the two lakes and what people were told of each."""

    sandbox: Sandbox
    folder: Path
    hooks: dict[str, str]
    taken: dict[str, list[Any]]
    told: dict[str, list[tuple[int, str]]]
    clock: Clock = field(default_factory=lambda: Clock(FIRST))

    def settings(self, lake: str, **changed: Any) -> Any:  # noqa: ANN401
        from ingestion.config.settings import Settings  # noqa: PLC0415

        return Settings(
            lake_uri=str(self.folder / lake),
            alert_webhook=self.hooks[lake],
            alert_quarantine_percent=0.5,
            wistia_base_url=self.sandbox.base_url,
            wistia_requests_per_minute=0,
            **{"wistia_api_token": self.sandbox.token, **changed},
        )

    def run(self, lake: str, **changed: Any) -> None:  # noqa: ANN401
        """Run every stage, as a run by hand does."""
        from flows.context import open_context  # noqa: PLC0415
        from flows.stages.sequence import run_all, run_by_hand  # noqa: PLC0415
        from ingestion.config.errors import ReadableError  # noqa: PLC0415

        context = open_context("run", self.settings(lake, **changed), clock=self.clock)
        context.pages = False
        try:
            with context.record.alive():
                run_all(context, run_by_hand)
        except ReadableError as error:
            click.echo(f"  {error}")

    def read(self, lake: str) -> None:
        """Ingest alone: the lake that is left alone is built when it is compared."""
        from flows.context import open_context  # noqa: PLC0415
        from ingestion.ingest import ingest  # noqa: PLC0415

        context = open_context("run", self.settings(lake), clock=self.clock)
        with context.record.alive():
            ingest(context.settings, context.lake, context.record)
        context.record.finish("completed", 0)

    def set_clock(self, moment: datetime) -> None:
        """Let it be this time here and at the API."""
        self.clock.now = moment
        offset = (moment - datetime.now(UTC)).total_seconds()
        self.sandbox.control("POST", "clock", {"offset": offset})

    def look(self, lake: str) -> None:
        """Look for alarms, as `up` does."""
        from flows.alerts.watch import watch  # noqa: PLC0415
        from ingestion.storage.base import open_lake  # noqa: PLC0415

        settings = self.settings(lake)
        watch(settings, open_lake(settings), self.clock)

    def note(self, number: int) -> None:
        """Keep what people have been told today."""
        for lake, taken in self.taken.items():
            said = [message["subject"].removeprefix("wistia-elt: ") for message in taken]
            self.told[lake] += [(number, one) for one in said]
            taken.clear()

    def tables(self, lake: str) -> dict[str, list[tuple[Any, ...]]]:
        """Every table but those about runs, without what tells when it was read."""
        from flows.stages.query import count_rows, query  # noqa: PLC0415

        settings = self.settings(lake)
        found = {}
        for name in count_rows(settings):
            if name not in OF_RUNS:
                answer = query(settings, f"select * from {name}")  # noqa: S608
                kept = [i for i, c in enumerate(answer.columns) if c not in OF_THE_MOMENT]
                found[name] = sorted(tuple(map(str, (row[i] for i in kept))) for row in answer.rows)
        return found

    def build(self, lake: str) -> None:
        """Build the tables of this day."""
        from flows.stages.build import build  # noqa: PLC0415
        from ingestion.storage.base import open_lake  # noqa: PLC0415

        settings = self.settings(lake)
        build(settings, open_lake(settings), as_of_date=self.clock.now.date().isoformat())


def live(days: Days, count: int, verdict: Verdict) -> None:
    """Let the days pass; each that goes wrong heals on the next."""
    for number in range(1, count + 1):
        event = EVERY.get(number, "")
        click.echo(f"day {number} {event}")
        days.set_clock(FIRST + timedelta(days=number))
        # Who comes on a day without a run is there on the next, and stays as he was.
        before = EVERY.get(number - 1, "")
        crowd = 400 if event == "campaign" else 5
        days.sandbox.advance(new=crowd, returning=0 if before in NO_RUN else 20, hours=24)
        days.read("calm")
        _disturb(days, event)
        for wait in LOOKS:
            days.clock.now = FIRST + timedelta(days=number) + wait
            days.look("disturbed")
            days.look("calm")
        days.note(number)
        if (before and event not in NO_RUN) or number == count:
            days.build("calm")
            disturbed, calm = days.tables("disturbed"), days.tables("calm")
            other = sorted(
                name
                for name in disturbed.keys() | calm.keys()
                if disturbed.get(name) != calm.get(name)
            )
            said = f"day {number} as undisturbed" + f" but for {', '.join(other)}" * bool(other)
            verdict.expect(said, holds=not other)
            click.echo(f"  {said}")


def _disturb(days: Days, event: str) -> None:
    days.sandbox.control("DELETE", "faults")
    if event == "missed":
        return
    if event == "token withdrawn":
        days.run("disturbed", wistia_api_token="withdrawn")
    elif event == "bad deploy":
        with bad_release():
            days.run("disturbed")
    else:
        days.sandbox.faults(*FAULTS.get(event, ()))
        days.run("disturbed")
    days.sandbox.control("DELETE", "faults")


@contextmanager
def bad_release() -> Iterator[None]:
    """The next run has a release whose dbt project does not hold together; then it is undone."""
    import flows.stages.dbt  # noqa: PLC0415

    good = flows.stages.dbt.PROJECT_DIR
    with tempfile.TemporaryDirectory() as folder:
        flows.stages.dbt.PROJECT_DIR = Path(folder)
        try:
            yield
        finally:
            flows.stages.dbt.PROJECT_DIR = good


def many_days(count: int, visitors: int = 2_000) -> Verdict:
    """Live so many days and judge them."""
    verdict = Verdict(f"{count} days")
    with (
        tempfile.TemporaryDirectory() as folder,
        running_sandbox(visitors=visitors, today=f"{FIRST:%Y-%m-%d}") as sandbox,
        listening() as (hook, taken),
        listening() as (calm_hook, calm_taken),
    ):
        days = Days(
            sandbox,
            Path(folder),
            hooks={"disturbed": hook, "calm": calm_hook},
            taken={"disturbed": taken, "calm": calm_taken},
            told={"disturbed": [], "calm": []},
        )
        live(days, count, verdict)
        told, wanted = days.told["disturbed"], expected(count)
        verdict.expect(f"told by day {told} = {wanted}", holds=told == wanted)
        # More visitors come to both.
        calm, real = days.told["calm"], expected(count, "campaign")
        verdict.expect(f"told of calm days {calm} = {real}", holds=calm == real)
        verdict.note(f"{len(days.tables('disturbed')['silver.fact_visitors']):,} visitors")
    return verdict


@click.command()
@click.option("--count", default=50, show_default=True, help="Days.")
def main(count: int) -> None:
    """Run it by itself."""
    verdict = many_days(count)
    click.echo(verdict)
    sys.exit(not verdict.holds)


if __name__ == "__main__":
    main(prog_name="python -m tests.soak.many_days")
