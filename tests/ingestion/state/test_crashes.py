"""Runs that died without a word, and those that only seem to have."""

import pytest

from ingestion.state.manifest import StageRun
from ingestion.state.run import RunRecord, start_run
from ingestion.state.totals import IngestTotals
from tests.ingestion.conftest import Bench

BEGAN = "2026-01-09T00:00:00.000000Z"


def leave(bench: Bench, *stages: StageRun) -> RunRecord:
    """A run whose ingest has ended and that has not said how it ended itself."""
    run = start_run(bench.lake(), "run", "test", bench.clock)
    run.manifest.ingest = IngestTotals(state="completed", started_at=BEGAN, records=7)
    run.manifest.stages = [StageRun(stage="ingest", state="completed", started_at=BEGAN), *stages]
    run.save()
    return run


@pytest.mark.parametrize(
    "stages", [(), (StageRun(stage="build", started_at=BEGAN),)], ids=["between stages", "build"]
)
def test_a_run_that_died_after_its_ingest_is_closed_by_the_next(
    bench: Bench, stages: tuple[StageRun, ...]
) -> None:
    leave(bench, *stages)
    bench.ingest()
    dead, last = bench.manifests()
    assert (dead.state, last.state) == ("crashed", "completed")
    assert dead.ingest
    assert (dead.ingest.state, dead.ingest.records) == ("completed", 7)
    assert [stage.state for stage in dead.stages] == ["completed", *["crashed"] * len(stages)]
    assert [stage.error for stage in dead.stages[1:]] == [
        "the process ended without a word" for _ in stages
    ]


@pytest.mark.both_lakes
def test_a_build_that_died_is_closed_by_the_next_ingest(bench: Bench) -> None:
    run = start_run(bench.lake(), "build", "test", bench.clock)
    run.manifest.stages = [StageRun(stage="build", started_at=BEGAN)]
    run.save()
    bench.ingest()
    assert [manifest.state for manifest in bench.manifests()] == ["crashed", "completed"]


def test_a_run_that_still_lives_is_left_alone(bench: Bench) -> None:
    run = leave(bench, StageRun(stage="build", started_at=BEGAN))
    with run.alive():
        bench.ingest()
        assert [manifest.state for manifest in bench.manifests()] == ["running", "completed"]
    before = bench.home.keys()
    assert not [key for key in before if "run-" in key]
    bench.ingest()
    assert bench.manifests()[0].state == "crashed"


def test_a_lock_of_a_run_leaves_nothing_behind(bench: Bench) -> None:
    run = leave(bench)
    with run.alive():
        pass
    bench.ingest()
    assert [path.name for path in (bench.root / ".locks").iterdir()] == ["ingest.lock"]
