"""Names have seconds, runs may share them: no object is ever written over another."""

import hashlib
from datetime import UTC, datetime, timedelta

from ingestion.config.timestamps import run_id_at
from ingestion.extract.context import Scope
from tests.ingestion.account import NOON, STATS, visitor
from tests.ingestion.conftest import Bench

START = datetime(2026, 1, 9, 0, 1, 48, tzinfo=UTC)


def listed(bench: Bench) -> dict[str, str]:
    """Checksums by key, as every manifest of the lake lists them."""
    found: dict[str, str] = {}
    for run in bench.manifests():
        for entry in run.resources:
            for stored in entry.objects:
                assert stored.key not in found
                found[stored.key] = stored.sha256
    return found


def assert_whole(bench: Bench) -> None:
    for key, checksum in listed(bench).items():
        assert hashlib.sha256(bench.home.read(key)).hexdigest() == checksum


def test_runs_within_a_second_keep_every_snapshot(bench: Bench) -> None:
    bench.api.add_medium("abc")
    for count in (4, 5, 6):
        bench.clock.now = START
        bench.api.stats["abc"] = STATS | {"play_count": count}
        bench.ingest(Scope(resource="media"))

    assert sorted(row["play_count"] for row in bench.rows("media")) == [4, 5, 6]
    assert_whole(bench)


def test_runs_within_a_second_keep_every_part(bench: Bench) -> None:
    for count in range(3):
        bench.clock.now = START
        bench.api.visitors = [visitor(n, NOON, play_count=count) for n in range(3)]
        bench.ingest(Scope(resource="visitors"))

    assert sorted(row["play_count"] for row in bench.rows("visitors")) == [
        0,
        0,
        0,
        1,
        1,
        1,
        2,
        2,
        2,
    ]
    assert_whole(bench)


def test_names_of_runs_sort_as_the_runs_began() -> None:
    moments = [START + timedelta(microseconds=step) for step in range(0, 1_000_000, 9_973)]
    names = [run_id_at(moment) for moment in [*moments, START + timedelta(seconds=1)]]
    assert names == sorted(names)
    assert len({run_id_at(START) for _ in range(10)}) > 1
