"""One record for every kind of run; what has ended is read once, whoever asks."""

import gzip
import json
from collections import Counter
from pathlib import Path
from unittest.mock import ANY

import pytest

from ingestion.state.manifest import (
    ENDED,
    PREFIX,
    Manifest,
    forget_ended,
    read_each,
    read_manifests,
)
from ingestion.storage.base import Lake, open_lake
from tests.ingestion.conftest import Bench

pytestmark = pytest.mark.both_lakes
MANY = 40


class Counting:
    """A lake that counts what is asked of it."""

    def __init__(self, lake: Lake) -> None:
        self._lake, self.asked = lake, Counter[str]()

    def __getattr__(self, name: str) -> object:
        return getattr(self._lake, name)

    def get(self, key: str) -> bytes | None:
        self.asked[key] += 1
        return self._lake.get(key)


def fill(lake: Lake, number: int) -> list[Manifest]:
    runs = []
    for place in range(number):
        moment = f"2026-01-09T{place // 60:02d}:{place % 60:02d}:00.000000Z"
        run = Manifest(
            run_id=f"20260109T{place // 60:02d}{place % 60:02d}00Z-{place:06x}",
            kind="run",
            state="completed",
            started_at=moment,
            code_version="1",
        )
        run.resource("visitors").records = place
        run.save(lake)
        runs.append(run)
    return runs


def ids(runs: list[Manifest]) -> list[str]:
    return [run.run_id for run in runs]


def read(lake: Lake) -> tuple[list[Manifest], Counter[str]]:
    """What another process reads, and what it asks for."""
    counting = Counting(lake)
    return read_manifests(counting), counting.asked  # type: ignore[arg-type]


def test_what_has_ended_costs_one_request_however_much_it_is(bench: Bench) -> None:
    lake = bench.lake()
    runs = fill(lake, MANY)
    read_manifests(lake, rolls_up=True)

    found, asked = read(bench.lake())

    assert asked == {ENDED: 1}
    assert ids(found) == ids(runs)
    assert [run.resource("visitors").records for run in found] == list(range(MANY))


def test_one_process_reads_each_once(bench: Bench) -> None:
    runs = fill(bench.lake(), 5)
    counting = Counting(bench.lake())
    for _ in range(3):
        assert ids(read_manifests(counting)) == ids(runs)  # type: ignore[arg-type]

    assert {key: n for key, n in counting.asked.items() if key != ENDED} == {
        run.key: 1 for run in runs
    }


def test_the_files_are_the_truth(bench: Bench) -> None:
    lake = bench.lake()
    runs = fill(lake, MANY)
    read_manifests(lake, rolls_up=True)
    runs[3].exit_code = 3
    runs[3].save(lake)
    lake.delete(runs[4].key)
    lake.put(runs[5].key, b"{")
    running = runs[6].model_copy(
        update={
            "state": "running",
            "run_id": "20260110T000000Z-ffffff",
            "started_at": "2026-01-10T00:00:00.000000Z",
        }
    )
    running.save(lake)

    for reader in (lake, bench.lake()):
        found = read_each(reader)
        assert found[runs[5].key] is None
        assert runs[4].key not in found
        assert [run.exit_code for run in read_manifests(reader)][:4] == [None, None, None, 3]
        assert read_manifests(reader)[-1].state == "running"
    _, asked = read(bench.lake())
    assert asked.keys() == {ENDED, runs[3].key, runs[5].key, running.key}


@pytest.mark.parametrize(
    "damage",
    [b"", b"no gzip", gzip.compress(b"{}"), gzip.compress(b"[{}]")],
    ids=["empty", "no gzip", "no list", "no runs"],
)
def test_a_damaged_summary_costs_requests_and_nothing_else(bench: Bench, damage: bytes) -> None:
    lake = bench.lake()
    runs = fill(lake, MANY)
    lake.put(ENDED, damage)

    assert ids(read_manifests(bench.lake(), rolls_up=True)) == ids(runs)
    assert read(bench.lake())[1] == {ENDED: 1}


def test_few_are_left_alone_and_nothing_older_stays_once_it_is_forgotten(bench: Bench) -> None:
    lake = bench.lake()
    fill(lake, 3)
    read_manifests(lake, rolls_up=True)
    assert lake.get(ENDED) is None
    fill(lake, MANY)
    read_manifests(lake, rolls_up=True)

    forget_ended(lake)

    assert gzip.decompress(lake.get(ENDED) or b"") == b"[]"
    assert len(read(bench.lake())[0]) == MANY


def contains(new: object, old: object) -> bool:
    """Whether all that an older version wrote is there still; a newer one may write more."""
    if isinstance(old, dict) and isinstance(new, dict):
        return all(name in new and contains(new[name], value) for name, value in old.items())
    if isinstance(old, list) and isinstance(new, list):
        return len(new) == len(old) and all(map(contains, new, old))
    return new == old


OLD = Path(__file__).with_name("manifests_of_before.jsonl").read_bytes().splitlines()


@pytest.fixture
def old_lake(bench: Bench) -> Lake:
    """What every kind of run wrote before there was one model."""
    lake = open_lake(bench.settings())
    for line in OLD:
        lake.put(f"{PREFIX}{json.loads(line)['run_id']}.json", line)
    return lake


def without_repaired(known: dict[str, object]) -> dict[str, object]:
    """A count of torn seams, which nothing reads since there are none."""
    return {name: value for name, value in known.items() if name != "repaired"}


def test_manifests_of_before_are_read_and_written_as_they_were(old_lake: Lake) -> None:
    runs = read_manifests(old_lake)

    assert {run.kind for run in runs} >= {"run", "replay", "import", "forget", "redact"}
    assert len(runs) == len(OLD)
    for line in (json.loads(old, object_hook=without_repaired) for old in OLD):
        run = next(run for run in runs if run.run_id == line["run_id"])
        run.save(old_lake)
        assert contains(json.loads(old_lake.get(run.key) or b""), line | {"seal": ANY})
