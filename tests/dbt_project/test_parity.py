"""One bronze, two engines, the same rows: DuckDB's tables against those of Athena's engine.

The bronze is a history as the predecessor's, read from the sandbox, and beside it all that the
other tests know to be nasty. Every table, every column, every row. With more visitors, and after
a full refresh: `python -m tests.soak athena`.
"""

import json
from pathlib import Path

import pytest

from ingestion.config.settings import Settings
from tests.support.lakes.athena_home import Rows, Tables, read_table
from tests.support.lakes.both_engines import AS_OF, VISITORS, BothEngines
from tests.support.lakes.dbt_home import ROOT

# Nothing moved more than by chance, and a history this short has no usual range.
MAY_BE_EMPTY = {"gold.movers", "pages.moves", "pages.usual"}
QUESTIONS = sorted(path.stem for path in (ROOT / "dbt_project" / "analyses").glob("*.sql"))


def assert_same(local: Tables, athena: Tables, may_be_empty: set[str] = MAY_BE_EMPTY) -> None:
    assert list(local) == list(athena)
    for name, rows in local.items():
        assert rows or name in may_be_empty, name
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


def test_a_first_build_gives_the_same_rows(both: BothEngines) -> None:
    # No video has changed since a first build.
    may_be_empty = MAY_BE_EMPTY | {"pages.media_changes"}
    assert_same(both.first.local, both.first.athena, may_be_empty)


def test_an_increment_after_a_killed_one_gives_the_same_rows(both: BothEngines) -> None:
    assert_same(both.second.local, both.second.athena)


def test_an_increment_reads_what_landed_since_the_build_before(both: BothEngines) -> None:
    columns = ("visitor_key", "load_count", "play_count")
    before = set(both.first.column("silver.fact_visitors", *columns))
    after = set(both.second.column("silver.fact_visitors", *columns))
    read = both.second.truth.keys()
    assert sorted(row for row in after - before if row[0] not in read) == [
        ("never active", 1, 4),
        ("new", 1, 1),
        ("returns", 3, 1),
        ("stays", 1, 2),
        ("written late", 1, 1),
    ]
    assert sorted(row[0] for row in before - after) == ["never active", "returns", "stays"]
    assert len(read) == VISITORS


def test_a_build_without_news_makes_what_counts_runs_alone(both: BothEngines) -> None:
    before = both.second.athena
    both.command.succeed("build")
    said = both.command.succeed("build")
    assert int(said.split(" tables built")[0].rsplit(maxsplit=1)[-1]) < len(before) / 2
    assert both.read("gold.leads") == before["gold.leads"]


def test_the_ten_questions_have_the_same_answers(both: BothEngines) -> None:
    assert both.second
    done = both.local.dbt("compile", "--select", "resource_type:analysis")
    assert done.returncode == 0, done.stdout + done.stderr
    compiled = Path("compiled") / "wistia_elt" / "analyses"
    local = Settings(lake_uri=str(both.local.warehouse.parent))
    with both.as_process():
        both.home.dbt("compile", "--select", "resource_type:analysis", as_of=AS_OF)
        target = both.settings.work_path / ".dbt" / "target"
        for question in QUESTIONS:
            ours = (both.local.target / compiled / f"{question}.sql").read_text()
            theirs = (target / compiled / f"{question}.sql").read_text()
            assert_alike(
                question,
                read_table(local, f"({ours})"),
                read_table(both.settings, f"({theirs})"),
            )
