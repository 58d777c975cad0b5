"""Runs that died without a word, and those that only seem to have."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ingestion.state.manifest import IngestTotals, StageRun
from ingestion.state.recovery import close_dead_runs, is_alive
from ingestion.state.run import RunRecord, start_run
from ingestion.storage.local import LocalLake
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
    assert dead.finished_at
    assert all(stage.finished_at and stage.remedy for stage in dead.stages[1:])
    assert [stage.error for stage in dead.stages[1:]] == [
        "the process ended without a word" for _ in stages
    ]


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


def test_a_dead_run_is_known_by_its_lock(bench: Bench) -> None:
    run = leave(bench)

    assert not is_alive(bench.lake(), run.manifest)
    with run.alive():
        assert is_alive(bench.lake(), run.manifest)
        assert [one.state for one in close_dead_runs(bench.lake(), bench.clock)] == ["running"]


class Slow(LocalLake):
    """A lake on which something happens between the look at a run's lock and its taking."""

    def __init__(self, root: Path, meanwhile: Callable[[], None]) -> None:
        super().__init__(root)
        self._meanwhile = meanwhile

    @contextmanager
    def lock(self, name: str) -> Iterator[None]:
        if name.startswith("run-"):
            self._meanwhile()
        with super().lock(name):
            yield


def test_a_run_that_ended_well_meanwhile_is_not_written_over_as_crashed(bench: Bench) -> None:
    run = leave(bench)
    lake = Slow(bench.root, lambda: run.finish("completed", 0))

    (seen,) = close_dead_runs(lake, bench.clock)

    assert seen.state == "completed"
    assert [(one.state, one.exit_code) for one in bench.manifests()] == [("completed", 0)]
