"""One bronze, two engines, the same rows: DuckDB's tables against those of Athena's engine.

The bronze is a history as the predecessor's, read from the sandbox, and beside it all that the
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
from tests.athena_home import AthenaHome, Rows, Tables, point_at, read_table
from tests.athena_stack import AthenaStack
from tests.bronze_history import land_first_day, land_fourth_day, land_second_day
from tests.bronze_nasty import land_nasty_day
from tests.dbt_home import ROOT, DbtHome
from tests.servers import Sandbox, running_sandbox

AS_OF = "2026-01-12"
# A quarter of the predecessor's first run, with as many events: a build here is minutes.
VISITORS = 30_000
# The data tests pass or fail on rows, and those are compared; the first and last build have them.
UNTESTED = ("--exclude", "test_type:data")
QUESTIONS = sorted(path.stem for path in (ROOT / "dbt_project" / "analyses").glob("*.sql"))
COMMAND = Path(sys.executable).with_name("wistia-elt")


class Twins:
    """One folder of bronze, built by both engines."""

    def __init__(self, local: DbtHome, athena: AthenaHome) -> None:
        self.local = local
        self.athena = athena

    def build(self, *flags: str, chosen: tuple[str, ...] = ()) -> tuple[Tables, Tables]:
        """Build both, and read every table of both."""
        self.local.build(AS_OF, *flags)
        self.athena.build(AS_OF, full_refresh="--full-refresh" in flags, chosen=chosen)
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
def nasty(twins: Twins) -> tuple[Tables, Tables]:
    """The first day on both."""
    land_first_day(twins.local.bronze)
    land_nasty_day(twins.local.bronze)
    return twins.build()


@pytest.fixture(scope="module")
def history(twins: Twins, wistia: Sandbox, nasty: tuple[Tables, Tables]) -> tuple[Tables, Tables]:
    """Later days and a first run, as increments on both."""
    del nasty
    land_second_day(twins.local.bronze)
    land_fourth_day(twins.local.bronze)
    ingest(twins, wistia)
    return twins.build(chosen=UNTESTED)


@pytest.fixture(scope="module")
def later(twins: Twins, wistia: Sandbox, history: tuple[Tables, Tables]) -> tuple[Tables, Tables]:
    """Days as the predecessor's second and third run."""
    del history
    wistia.advance(new=4, returning=0, hours=1)
    ingest(twins, wistia)
    wistia.advance(new=4, returning=20, hours=23)
    ingest(twins, wistia)
    return twins.build(chosen=UNTESTED)


@pytest.fixture(scope="module")
def wistia() -> Iterator[Sandbox]:
    with running_sandbox(visitors=VISITORS, today="2026-01-10") as server:
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


def assert_alike(question: str, ours: Rows, theirs: Rows) -> None:
    """The same but for the last digits: engines add doubles up in orders of their own."""
    assert (question, len(ours)) == (question, len(theirs))
    for our, their in zip(ours, theirs, strict=True):
        assert dict(our) == pytest.approx(dict(their), nan_ok=True), question


def test_a_first_build_gives_the_same_rows(nasty: tuple[Tables, Tables]) -> None:
    assert_same(*nasty)


def test_an_increment_of_many_rows_gives_the_same_rows(history: tuple[Tables, Tables]) -> None:
    local, athena = history
    assert_same(local, athena)
    assert len(local["silver.fact_visitors"]) > VISITORS


def test_a_day_gives_the_same_rows(
    history: tuple[Tables, Tables], later: tuple[Tables, Tables]
) -> None:
    assert_same(*later)
    added = len(later[0]["silver.fact_visitors"]) - len(history[0]["silver.fact_visitors"])
    seen = len(later[0]["silver.fact_visitor_activity"]) - len(
        history[0]["silver.fact_visitor_activity"]
    )
    # 4 and 4 new ones; 20 came back.
    assert (added, seen) == (8, 28)


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
        assert_alike(
            question,
            read_table(local, f"({ours})"),
            read_table(bucket, f"({theirs.read_text()})"),
        )


def test_a_full_refresh_equals_the_increments_on_both(
    twins: Twins, later: tuple[Tables, Tables]
) -> None:
    local, athena = twins.build("--full-refresh")
    assert_same(local, later[0])
    assert_same(athena, later[1])
