"""The lake in a bucket, on a real S3 protocol: whole objects, and a lock that is a lease."""

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from ingestion.config.errors import LakeBusyError
from ingestion.storage.s3 import BucketLake
from tests.ingestion.homes import BUCKET, Bucket, Client

LOCK = "state/locks/ingest.json"


@dataclass
class Waits:
    """A sleep that takes no time and notes what it was asked for; `then` happens meanwhile."""

    seconds: list[float] = field(default_factory=list)
    then: Callable[[], object] = lambda: None

    def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)
        self.then()


@dataclass
class Watch:
    """A clock that a test moves; seconds."""

    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_lake_may_be_a_whole_bucket(bucket: Bucket, s3: Client) -> None:  # noqa: ARG001
    s3.create_bucket(Bucket="whole")
    lake = BucketLake("s3://whole")
    lake.put("raw-data/a.json", b"1")

    assert list(lake.list("")) == list(lake.list("raw-data")) == ["raw-data/a.json"]


def test_a_list_goes_on_behind_its_first_answer(
    bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MOTO_S3_DEFAULT_MAX_KEYS", "3")
    keys = [f"state/runs/{number}.json" for number in range(7)]
    for key in keys:
        bucket.write(key, b"")

    first = bucket.s3.list_objects_v2(Bucket=BUCKET, Prefix=bucket.prefix)
    assert (first["KeyCount"], first["IsTruncated"]) == (3, True)
    assert list(BucketLake(bucket.uri).list("state/runs/")) == keys


def test_what_is_put_carries_the_cost_tag_and_its_checksum(bucket: Bucket, s3: Client) -> None:
    BucketLake(bucket.uri).put("raw-data/a.json", b"1")

    key = f"{bucket.prefix}/raw-data/a.json"
    tags = s3.get_object_tagging(Bucket=BUCKET, Key=key)["TagSet"]
    assert tags == [{"Key": "project", "Value": "wistia-elt"}]
    head = s3.head_object(Bucket=BUCKET, Key=key, ChecksumMode="ENABLED")
    # sha256 of "1", base64
    # pragma: allowlist nextline secret
    assert head["ChecksumSHA256"] == "a4ayc/80/OGda4BO/1o/V0etpOqiLx1JwB5S3beHW0s="


def test_a_dead_holders_lock_is_taken_over_after_its_lease(bucket: Bucket) -> None:
    bucket.write(LOCK, json.dumps({"pid": 7, "host": "gone"}).encode())
    waits = Waits()

    with BucketLake(bucket.uri, lease_seconds=30, sleep=waits).lock("ingest"):
        assert json.loads(bucket.read(LOCK))["pid"] != 7
    assert sum(waits.seconds) == 30


def test_a_lock_given_back_meanwhile_is_taken_at_once(bucket: Bucket) -> None:
    bucket.write(LOCK, b"{}")
    waits = Waits(then=lambda: bucket.remove(LOCK))

    with BucketLake(bucket.uri, lease_seconds=30, sleep=waits).lock("ingest"):
        assert waits.seconds == [3]


def test_of_two_heirs_one_is_refused(bucket: Bucket) -> None:
    bucket.write(LOCK, b"{}")
    faster, slower = (
        BucketLake(bucket.uri, sleep=Waits()),
        BucketLake(bucket.uri, sleep=Waits()),
    )
    at_the_end = Waits()

    def overtake() -> None:
        if len(at_the_end.seconds) == 10:
            _, held = slower.read(LOCK)
            assert held is not None
            assert faster.write_if(LOCK, b'{"pid": 8, "host": "faster"}', IfMatch=held)

    at_the_end.then = overtake
    with (
        pytest.raises(LakeBusyError, match=r"process 8 on faster"),
        BucketLake(bucket.uri, sleep=at_the_end).lock("ingest"),
    ):
        pass
    assert json.loads(bucket.read(LOCK)) == {"pid": 8, "host": "faster"}


def test_who_slept_through_his_lease_may_write_no_more_and_leaves_the_heirs_lock(
    bucket: Bucket,
) -> None:
    watch = Watch()
    stalled = BucketLake(bucket.uri, clock=watch)
    heir = BucketLake(bucket.uri, sleep=Waits())

    with stalled.lock("ingest"):
        stalled.put("raw-data/early.json", b"1")
        with heir.lock("ingest"):
            watch.now += 31
            with pytest.raises(LakeBusyError, match="took over"):
                stalled.put("raw-data/late.json", b"1")
            with pytest.raises(LakeBusyError, match="took over"):
                stalled.delete("raw-data/early.json")
            heir.put("raw-data/heirs.json", b"1")
            assert json.loads(bucket.read(LOCK))
    with pytest.raises(LakeBusyError, match="took over"):
        stalled.put("raw-data/late.json", b"1")
    assert bucket.keys() == ["raw-data/early.json", "raw-data/heirs.json"]


def test_who_slept_and_lost_nothing_goes_on(bucket: Bucket) -> None:
    watch = Watch()
    lake = BucketLake(bucket.uri, clock=watch)

    with lake.lock("ingest"):
        before = bucket.read(LOCK)
        watch.now += 3600
        lake.put("raw-data/late.json", b"1")
        assert bucket.read(LOCK) != before
    assert bucket.keys() == ["raw-data/late.json"]


def test_a_lock_outlives_many_leases_of_its_holder(bucket: Bucket) -> None:
    lake = BucketLake(bucket.uri, lease_seconds=0.2)
    with lake.lock("ingest"):
        marks = set()
        for _ in range(200):
            marks.add(bucket.read(LOCK))
            if len(marks) >= 5:
                break
            threading.Event().wait(0.02)
        lake.put("raw-data/a.json", b"1")
    assert len(marks) == 5
