"""kill -9 on S3: the lease runs out, the next run takes it over, and nobody can tell."""

import hashlib
import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ingestion.config.errors import LakeBusyError
from ingestion.extract.context import Scope
from ingestion.state.manifest import Manifest
from ingestion.storage.s3 import BucketLake
from tests.ingestion.account import TOKEN, visitor, visitors
from tests.ingestion.api.wire import Asked, Reply
from tests.ingestion.conftest import Bench
from tests.ingestion.homes import BUCKET, Bucket, Client
from tests.support.commands import forks

ONLY = Scope(resource="visitors")
LEASE = 2.0
PART = ("PUT", "/raw-data/visitors/")
RECORD = ("PUT", "/state/runs/")


@pytest.fixture
def home(bucket: Bucket) -> Bucket:
    return bucket


def die(bench: Bench, *steps: tuple[str, str]) -> None:
    """Let a process ingest until it is killed; it goes by the machine's clock."""
    bench.wire.tells = time.time
    environment = os.environ | {
        "WISTIA_BASE_URL": bench.wire.base_url,
        "WISTIA_API_TOKEN": TOKEN,
        "WISTIA_REQUESTS_PER_MINUTE": "0",
        "LAKE_URI": bench.home.uri,
    }
    words = [str(LEASE), "100", *(word for step in steps for word in step)]
    done = forks.run("tests.ingestion.dying", words, environment, Path.cwd())
    assert done.returncode == -signal.SIGKILL, done.stderr


def live(bench: Bench, sleep: Callable[[float], None] = lambda _: None) -> Manifest:
    """Run undisturbed, after those that died: they went by the machine's clock.

    Whether a lease is renewed need not be waited for where its holder is dead.
    """
    bench.clock.now = datetime.now(UTC)
    return bench.ingest(ONLY, BucketLake(bench.home.uri, lease_seconds=LEASE, sleep=sleep))


def locks(bench: Bench, s3: Client) -> int:
    assert isinstance(bench.home, Bucket)
    found = s3.list_objects_v2(Bucket=BUCKET, Prefix=f"{bench.home.prefix}/state/locks/")
    return int(found["KeyCount"])


def assert_whole(bench: Bench, people: int) -> None:
    expected = Counter(visitor(number)["visitor_key"] for number in range(people))
    assert Counter(bench.keys("visitors")) == expected
    listed = [stored for run in bench.manifests() for e in run.resources for stored in e.objects]
    assert sorted(stored.key for stored in listed) == bench.objects("raw-data")
    for stored in listed:
        assert hashlib.sha256(bench.home.read(stored.key)).hexdigest() == stored.sha256


# How many parts it leaves, how its ingest is said to have ended (never begun: None), and where.
KILLS: dict[str, tuple[int, str | None, tuple[tuple[str, str], ...]]] = {
    "before the source is noted": (0, None, (("PUT", "/state/source.json"),)),
    "before the first part": (0, "crashed", (PART,)),
    "between a part and its manifest": (1, "crashed", (PART, RECORD)),
    "before the second part": (1, "crashed", (PART, PART)),
    "between the second part and its manifest": (2, "crashed", (PART, PART, RECORD)),
    "between the manifest and the state": (3, "crashed", (("PUT", "/state/visitors.json"),)),
    "between the state and the unlock": (3, "completed", (("DELETE", "/state/locks/"),)),
}


@pytest.mark.parametrize(("parts", "ended", "steps"), KILLS.values(), ids=KILLS.keys())
def test_the_next_run_takes_the_lock_over_and_goes_on(
    bench: Bench,
    s3: Client,
    parts: int,
    ended: str | None,
    steps: tuple[tuple[str, str], ...],
) -> None:
    bench.api.visitors = visitors(300)
    die(bench, *steps)
    assert locks(bench, s3) == 1
    # On a busy machine the last two pages may load together.
    assert min(parts, 2) <= len(bench.objects("raw-data")) <= parts

    run = live(bench)

    assert run.state == "completed"
    assert locks(bench, s3) == 0
    assert_whole(bench, 300)
    states = [manifest.ingest.state for manifest in bench.manifests() if manifest.ingest]
    assert states == [state for state in (ended, "completed") if state]
    closed = [manifest.state for manifest in bench.manifests()]
    assert closed == ["crashed", "completed"][-len(closed) :]


def test_kill_after_kill_on_one_lake(bench: Bench, s3: Client) -> None:
    bench.api.visitors = visitors(300)
    die(bench, PART, RECORD)
    die(bench, PART, PART)
    die(bench, PART)
    die(bench, ("PUT", "/state/visitors.json"))

    assert live(bench).state == "completed"
    assert locks(bench, s3) == 0
    assert_whole(bench, 300)
    assert [run.state for run in bench.manifests()] == [*["crashed"] * 4, "completed"]


def test_of_two_runs_at_once_the_second_is_refused_and_the_first_is_whole(bench: Bench) -> None:
    bench.api.visitors = visitors(300)
    is_reading, may_end = threading.Event(), threading.Event()

    def answer(asked: Asked) -> Reply:
        if asked.path == "/v1/stats/visitors":
            is_reading.set()
            assert may_end.wait(30)
        return bench.api(asked)

    bench.wire.answer = answer
    ends: list[Manifest] = []
    first = threading.Thread(target=lambda: ends.append(live(bench)))
    first.start()
    assert is_reading.wait(30)
    before = bench.home.keys()
    with pytest.raises(LakeBusyError) as caught:
        live(bench, time.sleep)
    after = bench.home.keys()
    may_end.set()
    first.join(30)

    said = f"another ingest is at work in {bench.home.uri} (process {os.getpid()} on "
    assert str(caught.value).startswith(said)
    assert "runs out 2 seconds later" in caught.value.remedy
    assert after == before
    assert [run.state for run in ends] == ["completed"]
    assert_whole(bench, 300)
