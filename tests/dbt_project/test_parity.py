"""One bronze, two engines, the same rows: DuckDB's tables against those of Athena's engine.

The bronze is the predecessor's history, read from the sandbox, and beside it all that the
other tests know to be nasty. Every table, every column, every row.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ingestion.settings import Settings
from tests.athena_home import AthenaHome, Tables, point_at, read_table
from tests.athena_stack import AthenaStack
from tests.bronze_history import land_first_day, land_fourth_day, land_second_day
from tests.bronze_nasty import land_nasty_day
from tests.dbt_home import ROOT, DbtHome
from tests.servers import Sandbox, running_sandbox

AS_OF = "2026-01-12"
QUESTIONS = sorted(path.stem for path in (ROOT / "dbt_project" / "analyses").glob("*.sql"))
COMMAND = Path(sys.executable).with_name("wistia-elt")


class Twins:
    """One folder of bronze, built by both engines."""

    def __init__(self, local: DbtHome, athena: AthenaHome) -> None:
        self.local = local
        self.athena = athena

    def build(self, *flags: str) -> tuple[Tables, Tables]:
        """Build both, and read every table of both."""
        self.local.build(AS_OF, *flags)
        self.athena.build(AS_OF, full_refresh="--full-refresh" in flags)
        return self.local_tables(), self.athena.tables()

    def local_tables(self) -> Tables:
        settings = Settings(lake_uri=str(self.local.warehouse.parent))
        return {name: read_table(settings, name) for name in sorted(self.local.tables())}


@pytest.fixture(scope="module")
def twins(
    athena: AthenaStack,
    new_home: Callable[[str], DbtHome],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Twins]:
    local = new_home("parity")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in point_at(athena).items():
            patch.setenv(name, value)
        # Where the work on a bucket's lake keeps its files.
        patch.chdir(tmp_path_factory.mktemp("work"))
        yield Twins(local, AthenaHome.make(athena, local.warehouse.parent))


@pytest.fixture(scope="module")
def first(twins: Twins, wistia: Sandbox) -> tuple[Tables, Tables]:
    """The first day on both."""
    ingest(twins, wistia)
    land_first_day(twins.local.bronze)
    land_nasty_day(twins.local.bronze)
    return twins.build()


@pytest.fixture(scope="module")
def later(twins: Twins, wistia: Sandbox, first: tuple[Tables, Tables]) -> tuple[Tables, Tables]:
    """The days after it, as increments on both."""
    del first
    for change in ({"new": 4, "hours": 1}, {"new": 4, "returning": 20, "hours": 23}):
        wistia.advance(**{"returning": 0, **change})
        ingest(twins, wistia)
    land_second_day(twins.local.bronze)
    land_fourth_day(twins.local.bronze)
    return twins.build()


@pytest.fixture(scope="module")
def wistia() -> Iterator[Sandbox]:
    with running_sandbox(today="2026-01-10") as server:
        yield server


def ingest(twins: Twins, wistia: Sandbox) -> None:
    """Land what is new at the sandbox, as the command does."""
    foreign = ("WISTIA_", "LAKE_", "PII_", "AWS_")
    kept = {n: v for n, v in os.environ.items() if not n.startswith(foreign)}
    lake = {"LAKE_URI": str(twins.local.warehouse.parent)}
    done = subprocess.run(
        [str(COMMAND), "ingest"],
        env={**kept, **wistia.environment, **lake},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def assert_same(local: Tables, athena: Tables) -> None:
    assert list(local) == list(athena)
    for name, rows in local.items():
        assert rows, name
        ours, theirs = set(rows), set(athena[name])
        assert (name, len(rows)) == (name, len(athena[name]))
        # By name first, and a few only: a difference should be readable.
        different = (sorted(ours - theirs, key=json.dumps), sorted(theirs - ours, key=json.dumps))
        assert (name, different[0][:3], different[1][:3]) == (name, [], [])


def test_a_first_build_gives_the_same_rows(first: tuple[Tables, Tables]) -> None:
    local, athena = first
    assert_same(local, athena)
    assert len(local["silver.fact_visitors"]) > 110_471


def test_increments_give_the_same_rows(later: tuple[Tables, Tables]) -> None:
    local, athena = later
    assert_same(local, athena)
    assert len(local["silver.fact_visitors"]) > 110_471 + 8


def test_the_ten_questions_have_the_same_answers(
    twins: Twins, later: tuple[Tables, Tables]
) -> None:
    del later
    done = twins.local.dbt("compile", "--select", "resource_type:analysis")
    assert done.returncode == 0, done.stdout + done.stderr
    twins.athena.dbt("compile", "--select", "resource_type:analysis", as_of=AS_OF)
    compiled = Path("compiled") / "wistia_elt" / "analyses"
    local = Settings(lake_uri=str(twins.local.warehouse.parent))
    bucket = twins.athena.settings
    for question in QUESTIONS:
        ours = (twins.local.target / compiled / f"{question}.sql").read_text()
        theirs = bucket.work_path / ".dbt" / "target" / compiled / f"{question}.sql"
        assert read_table(local, f"({ours})") == pytest.approx(
            read_table(bucket, f"({theirs.read_text()})")
        ), question


def test_a_full_refresh_equals_the_increments_on_both(
    twins: Twins, later: tuple[Tables, Tables]
) -> None:
    local, athena = twins.build("--full-refresh")
    assert_same(local, later[0])
    assert_same(athena, later[1])
