"""What was quarantined and is in order today loads, once, under today's date."""

import gzip
import hashlib
import json
from datetime import timedelta
from typing import Any

import pytest
from pydantic import SecretStr

from flows.cli.show import read_status
from ingestion.admin.audit import Audit
from ingestion.admin.quarantine import list_quarantine, replay
from ingestion.config.errors import LakeError
from ingestion.extract.context import Scope
from ingestion.load import loader
from ingestion.resources import RESOURCES
from ingestion.state.manifest import Manifest, StoredObject
from ingestion.storage.base import Lake
from ingestion.storage.local import LocalLake
from tests.ingestion.account import NOON, STATS, visitor, visitors
from tests.ingestion.conftest import Bench

ASIDE = "2026-01-05T03:00:00.000000Z"
RUN = "20260105T030000Z-0123ab"


def set_aside(bench: Bench, resource: str, *records: object) -> str:
    """A run of an earlier version, whose contract was stricter, set these aside."""
    lines = [
        {"record": record, "reason": f"too strict {n % 2}", "resource": resource}
        | {"quarantined_at": ASIDE, "run_id": RUN}
        for n, record in enumerate(records)
    ]
    body = gzip.compress(b"".join(json.dumps(line).encode() + b"\n" for line in lines))
    name = f"{resource}_20260105T030000Z_part-00001_batch_{len(lines)}.json.gz"
    key = f"quarantine/{resource}/ingest_date=2026-01-05/{name}"
    lake = bench.lake()
    lake.put(key, body)
    checksum = hashlib.sha256(body).hexdigest()
    run = Manifest(run_id=RUN, kind="ingest", started_at=ASIDE, code_version="old")
    run.state = "completed"
    entry = run.resource(resource)
    entry.state, entry.quarantined = "completed", len(lines)
    entry.quarantine = [StoredObject(key=key, records=len(lines), bytes=len(body), sha256=checksum)]
    run.save(lake)
    return key


def replayed(bench: Bench, lake: Lake | None = None, **changes: Any) -> Manifest:  # noqa: ANN401
    settings = bench.settings(**changes)
    return replay(settings, lake or bench.lake(), RESOURCES, bench.clock)


def waiting(bench: Bench) -> int:
    count: int = read_status(bench.settings(), bench.lake())["quarantine"]["visitors"]
    return count


def test_what_passes_lands_under_the_replay_s_own_date(bench: Bench) -> None:
    key = set_aside(bench, "visitors", visitor(1), visitor(2, load_count="x"), visitor(3))
    aside = bench.home.read(key)

    run = replayed(bench)

    assert bench.keys("visitors") == [visitor(1)["visitor_key"], visitor(3)["visitor_key"]]
    (landed,) = bench.objects("raw-data")
    assert landed.startswith("raw-data/visitors/ingest_date=2026-01-09/")
    assert {row["run_id"] for row in bench.rows("visitors")} == {run.run_id}
    assert (run.kind, run.resource("visitors").records) == ("replay", 2)
    assert bench.home.read(key) == aside
    assert waiting(bench) == 1
    assert list(Audit(bench.lake()).examine()) == []


def test_nothing_is_replayed_twice(bench: Bench) -> None:
    set_aside(bench, "visitors", visitor(1), visitor(1), visitor(2, load_count="x"))
    replayed(bench)
    before = bench.objects("raw-data")
    bench.clock.now += timedelta(days=1)

    again = replayed(bench)

    assert again.resources == []
    assert bench.objects("raw-data") == before
    # Twice the same record: one loaded, the other was known, neither waits.
    assert waiting(bench) == 1


def test_a_snapshot_keeps_its_medium_and_the_time_it_was_set_aside(bench: Bench) -> None:
    set_aside(bench, "media", {**STATS, "media_id": "abc"}, {**STATS, "media_id": "../x"})

    replayed(bench)

    (row,) = bench.rows("media")
    assert (row["media_id"], row["snapshot_ts"]) == ("abc", ASIDE)
    assert row["ingested_at"].startswith("2026-01-09T00:01:48")
    assert bench.objects("raw-data") == [
        "raw-data/media/ingest_date=2026-01-09/media_abc_20260105T030000Z.json.gz"
    ]


def test_an_old_snapshot_does_not_pass_for_the_newest(bench: Bench) -> None:
    bench.api.add_medium("abc")
    bench.ingest()
    set_aside(bench, "media", {**STATS, "play_count": 1, "media_id": "abc"})
    replayed(bench)
    bench.clock.now += timedelta(days=1)

    run = bench.ingest()

    assert run.resource("media").unchanged == 1
    assert [row["play_count"] for row in bench.rows("media")] == [1, 4]


def test_a_crawl_that_was_broken_off_goes_on_after_a_replay(bench: Bench) -> None:
    bench.api.visitors = visitors(300)
    set_aside(bench, "visitors", visitor(9001, NOON))
    replayed(bench)
    run = bench.ingest(Scope(resource="visitors"))

    assert run.resource("visitors").reconciled_at is not None
    expected = {visitor(n)["visitor_key"] for n in range(300)} | {visitor(9001)["visitor_key"]}
    assert set(bench.keys("visitors")) == expected


class Losing(LocalLake):
    """A folder that loses its answer to the second part of visitors: put, and not known to be."""

    parts = 0

    def put(self, key: str, body: bytes) -> None:
        super().put(key, body)
        self.parts += key.startswith("raw-data/visitors")
        if self.parts == 2:
            raise LakeError("no answer", "run again")


def test_what_a_broken_crawl_wrote_unlisted_lands_once_after_a_replay(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loader, "_DUE", 100)
    bench.api.visitors = visitors(500)
    set_aside(bench, "visitors", visitor(9001, NOON))
    with pytest.raises(LakeError):
        bench.ingest(Scope(resource="visitors"), Losing(bench.root))
    bench.clock.now += timedelta(seconds=1)
    replayed(bench)
    bench.clock.now += timedelta(seconds=1)

    bench.ingest(Scope(resource="visitors"))

    expected = [visitor(n)["visitor_key"] for n in (*range(500), 9001)]
    assert sorted(bench.keys("visitors")) == sorted(expected)


def test_hashed_persons_are_not_hashed_again(bench: Bench) -> None:
    hashed = {"name": "ab" * 32, "email": "cd" * 32, "org": None}
    set_aside(bench, "visitors", visitor(1, visitor_identity=hashed))

    replayed(bench, pii_policy="hash", pii_hash_key=SecretStr("key"))

    assert [row["visitor_identity"] for row in bench.rows("visitors")] == [hashed]


class Failing(LocalLake):
    """A folder whose disk is full for all that begins like this."""

    prefix = "raw-data"

    def put(self, key: str, body: bytes) -> None:
        if key.startswith(self.prefix):
            raise LakeError("no space left", "free some")
        super().put(key, body)


def test_what_a_full_disk_refused_is_still_to_be_replayed(bench: Bench) -> None:
    set_aside(bench, "visitors", visitor(1))
    with pytest.raises(LakeError):
        replayed(bench, Failing(bench.root))
    assert waiting(bench) == 1

    replayed(bench)

    assert bench.keys("visitors") == [visitor(1)["visitor_key"]]
    assert waiting(bench) == 0


def test_what_a_killed_replay_wrote_unlisted_lands_once(bench: Bench) -> None:
    set_aside(bench, "visitors", visitor(1))
    killed = replayed(bench)
    killed.state, killed.replayed, killed.resources = "running", {}, []
    killed.save(bench.lake())
    bench.clock.now += timedelta(seconds=5)

    replayed(bench)

    assert bench.keys("visitors") == [visitor(1)["visitor_key"]]
    assert list(Audit(bench.lake()).examine()) == []


def test_whoever_saves_the_manifest_again_keeps_what_was_taken(bench: Bench) -> None:
    set_aside(bench, "visitors", visitor(1))
    run = replayed(bench)
    before = bench.home.read(run.key)

    for manifest in bench.manifests():
        manifest.save(bench.lake())

    assert json.loads(bench.home.read(run.key)) == json.loads(before)


def test_the_listing_says_when_why_and_how_many_and_shows_nobody(bench: Bench) -> None:
    key = set_aside(bench, "visitors", visitor(1), visitor(2, load_count="x"), visitor(3))
    replayed(bench)

    first, second = list_quarantine(bench.lake(), RESOURCES)

    assert (first.quarantined_at, first.resource, first.key) == (ASIDE, "visitors", key)
    assert (first.reason, first.records, first.waiting) == ("too strict 0", 2, 0)
    assert (second.reason, second.records, second.waiting) == ("too strict 1", 1, 1)
    assert first.contents == []
    shown, _ = list_quarantine(bench.lake(), RESOURCES, show=True)
    assert shown.contents == [visitor(1), visitor(3)]
