"""What S3 and the network do to a run, over the wire: it heals, or says what to mend."""

import hashlib
import logging
import os
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import SecretStr

from ingestion.config.errors import ConfigurationError, IngestionError, LakeError
from ingestion.extract.context import Scope
from tests.ingestion.account import TOKEN, visitor, visitors
from tests.ingestion.api.front import (
    Fault,
    Front,
    broken_off,
    flipped,
    lost,
    refusal,
    shortened,
)
from tests.ingestion.api.wire import Reply, reset
from tests.ingestion.conftest import Bench
from tests.ingestion.homes import AWS_SECRET, Bucket

ONLY = Scope(resource="visitors")
PART = "/raw-data/visitors/"
RUNS = "/state/runs/"
SLOW = refusal("SlowDown", 503)
KEY = SecretStr("planted-key-4d2")
PERSON = {"name": "Nadine Planted", "email": "nadine@planted.example", "org": {"name": "Sons"}}


@pytest.fixture
def home(bucket: Bucket) -> Bucket:
    return bucket


@pytest.fixture
def front(aws: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Front]:
    with Front(aws).running() as running:
        monkeypatch.setenv("AWS_ENDPOINT_URL", running.url)
        yield running


@pytest.fixture
def impatient(aws: str, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: ARG001
    """A fault that stays is believed at once."""
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")


def assert_whole(bench: Bench, people: int) -> None:
    """Every visitor once, every object listed, and as its manifest says."""
    expected = Counter(visitor(number)["visitor_key"] for number in range(people))
    assert Counter(bench.keys("visitors")) == expected
    listed = [stored for run in bench.manifests() for e in run.resources for stored in e.objects]
    assert sorted(stored.key for stored in listed) == bench.objects("raw-data")
    for stored in listed:
        assert hashlib.sha256(bench.home.read(stored.key)).hexdigest() == stored.sha256


HEALING: dict[str, tuple[str, str, Fault]] = {
    "SlowDown at a part": ("PUT", PART, SLOW),
    "SlowDown at a list": ("GET", "list-type=2", SLOW),
    "503 without a word": ("PUT", RUNS, Reply(status=503)),
    "500 at a part": ("PUT", PART, refusal("InternalError", 500)),
    "500 at a state": ("GET", "/state/visitors.json", refusal("InternalError", 500)),
    "RequestTimeout": ("PUT", PART, refusal("RequestTimeout", 400)),
    "reset at a put": ("PUT", PART, reset()),
    "reset at a get": ("GET", "/state/source.json", reset()),
    "answer to a put lost": ("PUT", PART, lost),
    "answer to a lock lost": ("PUT", "/state/locks/", lost),
    "answer to an unlock lost": ("DELETE", "/state/locks/", lost),
    "body broken off": ("GET", "/state/visitors.json", broken_off),
    "body shortened": ("GET", "/state/visitors.json", shortened),
    "byte flipped": ("GET", "/state/source.json", flipped),
}


@pytest.mark.parametrize(("method", "part", "fault"), HEALING.values(), ids=HEALING.keys())
def test_a_fault_that_passes_costs_nothing_but_time(
    bench: Bench, front: Front, method: str, part: str, fault: Fault
) -> None:
    keys = ["raw-data/visitors/a", "state/runs/a", "state/source.json", "state/visitors.json"]
    front.order(method, part, fault)

    lake = bench.lake()
    with lake.lock("ingest"):
        for key in keys:
            lake.put(key, key.encode())
        assert [lake.get(key) for key in keys] == [key.encode() for key in keys]
        assert [key for key in lake.list("") if "/locks/" not in key] == keys

    assert not lake.is_locked("ingest")
    assert front.count(method, part) >= 2
    assert front.orders[0].times == 0
    assert [bench.home.read(key) for key in keys] == [key.encode() for key in keys]


@pytest.mark.parametrize(
    ("method", "part", "fault"),
    [
        pytest.param(*HEALING[name], id=name)
        for name in ("SlowDown at a part", "answer to a put lost", "body broken off")
    ],
)
def test_a_run_does_not_see_a_fault_that_passes(
    bench: Bench, front: Front, method: str, part: str, fault: Fault
) -> None:
    bench.api.visitors = visitors(5)
    bench.ingest(ONLY)
    bench.api.visitors = [*visitors(130)]
    before = front.count(method, part)
    front.order(method, part, fault)

    run = bench.ingest(Scope(resource="visitors", full=True))

    assert run.state == "completed"
    assert front.count(method, part) - before >= 2
    assert front.orders[0].times == 0
    assert_whole(bench, 130)


DENIED = "User: arn:aws:iam::1:user/jo is not authorized to perform: {} on resource: arn:aws:x"
STAYING: dict[str, tuple[Fault, str, str]] = {
    "SlowDown": (SLOW, "AWS answers SlowDown", "a little later"),
    "500": (refusal("InternalError", 500), "AWS answers InternalError", "a little later"),
    "reset": (reset(), "AWS does not answer", "check the network"),
    "answer lost": (lost, "AWS does not answer", "check the network"),
    "denied": (refusal("AccessDenied", 403), "AWS denies it (AccessDenied)", "give the role"),
    "right denied": (
        refusal("AccessDenied", 403, DENIED.format("s3:PutObject")),
        "AWS denies it (s3:PutObject)",
        "the right to s3:PutObject",
    ),
    "key denied": (
        refusal("AccessDenied", 403, DENIED.format("kms:GenerateDataKey")),
        "denies the key (KMS) that encrypts it, not the bucket",
        "kms:Decrypt",
    ),
    "key disabled": (refusal("KMS.DisabledException", 400), "disabled or gone", "enable that key"),
    "expired": (refusal("ExpiredToken", 400), "credentials have expired", "aws sso login"),
    "unknown": (refusal("InvalidAccessKeyId", 403), "does not know these", "AWS_PROFILE"),
    "clock": (refusal("RequestTimeTooSkewed", 403), "clock is wrong", "set the clock"),
    "clock, as other services say it": (
        refusal("SignatureDoesNotMatch", 403, "Signature expired: 20260101T000000Z is now earlier"),
        "clock is wrong",
        "set the clock",
    ),
    "forbidden by a policy": (
        refusal(
            "AccessDenied",
            403,
            DENIED.format("s3:PutObject") + " with an explicit deny in a service control policy",
        ),
        "a policy of AWS forbids it",
        "change that policy",
    ),
    "Lake Formation": (
        refusal("AccessDeniedException", 400, "Insufficient Lake Formation permission(s)"),
        "Lake Formation denies it",
        "IAM's rights do not do",
    ),
    "object lock": (
        refusal("AccessDenied", 403, "Access Denied because object protected by object lock."),
        "Object Lock protects it",
        "a bucket without Object Lock",
    ),
    "archived": (refusal("InvalidObjectState", 403), "archive (S3 Glacier)", "restore-object"),
    "no S3": (refusal("401", 401), "who answers is not AWS", "AWS_ENDPOINT_URL"),
}


@pytest.mark.parametrize(("fault", "said", "remedy"), STAYING.values(), ids=STAYING.keys())
@pytest.mark.usefixtures("impatient")
def test_a_fault_that_stays_is_named_with_its_remedy(
    bench: Bench, front: Front, fault: Fault, said: str, remedy: str
) -> None:
    front.order("PUT", PART, fault, times=99)

    with pytest.raises(LakeError) as caught:
        bench.lake().put("raw-data/visitors/a", b"1")

    assert said in str(caught.value)
    assert bench.home.uri in str(caught.value)
    assert remedy in caught.value.remedy
    assert caught.value.exit_code == 1


@pytest.mark.parametrize("part", [PART, RUNS], ids=["part", "manifest"])
@pytest.mark.parametrize("stays", [STAYING["SlowDown"], STAYING["answer lost"]])
@pytest.mark.usefixtures("impatient")
def test_a_put_that_failed_is_named_and_the_next_run_heals(
    bench: Bench, front: Front, part: str, stays: tuple[Fault, str, str]
) -> None:
    fault, said, _ = stays
    bench.api.visitors = visitors(130)
    if part == RUNS:
        # The run's first manifest is written, and the one that lists the part is not.
        front.order("PUT", RUNS, lambda answer: answer)
    front.order("PUT", part, fault, times=99)

    with pytest.raises(LakeError, match=said):
        bench.ingest(ONLY)

    front.heal()
    listed = [o.key for run in bench.manifests() for e in run.resources for o in e.objects]
    # A manifest whose answer alone got lost is there, and lists what is there.
    is_there = part == RUNS and fault is lost
    assert listed == (bench.objects("raw-data") if is_there else [])
    assert bench.ingest(ONLY).state == "completed"
    assert_whole(bench, 130)


SETTINGS: dict[str, tuple[Fault, str, str]] = {
    "no bucket": (refusal("NoSuchBucket", 404), "there is no such bucket", "LAKE_URI"),
    "elsewhere": (refusal("PermanentRedirect", 301), "in another region", "AWS_REGION"),
    "header": (refusal("AuthorizationHeaderMalformed", 400), "in another region", "AWS_REGION"),
    "another store": (refusal("NotImplemented", 501), "does not know what is asked", "use S3"),
}


@pytest.mark.parametrize("method", ["GET", "PUT"], ids=["at once", "later"])
@pytest.mark.parametrize("stays", SETTINGS.values(), ids=SETTINGS.keys())
@pytest.mark.usefixtures("impatient")
def test_what_a_setting_mends_ends_2(
    bench: Bench, front: Front, method: str, stays: tuple[Fault, str, str]
) -> None:
    fault, said, remedy = stays
    front.order(method, "/lake", fault, times=99)

    with pytest.raises(ConfigurationError) as caught:
        bench.ingest(ONLY)

    assert said in str(caught.value)
    assert remedy in caught.value.remedy
    front.heal()
    assert bench.every_byte() == {}


def test_a_bucket_that_tells_its_region_is_followed_there(bench: Bench, front: Front) -> None:
    moved = refusal("PermanentRedirect", 301, x_amz_bucket_region="eu-west-1")
    front.order("GET", "list-type=2", moved)

    assert bench.ingest(ONLY).state == "completed"


class Lax(Front):
    """A store that takes a put whatever its condition, as some have for years."""

    def pass_on(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> Reply:
        kept = {name: value for name, value in headers.items() if not name.startswith("If-")}
        return super().pass_on(method, path, body, kept)


def test_a_store_whose_locks_are_none_is_refused(
    bench: Bench, aws: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.api.visitors = visitors(3)
    with Lax(aws).running() as lax:
        monkeypatch.setenv("AWS_ENDPOINT_URL", lax.url)

        with pytest.raises(LakeError, match="can keep no locks") as caught:
            bench.ingest(ONLY)

    assert "If-None-Match" in caught.value.remedy
    assert bench.objects("") == []


@pytest.mark.parametrize("page", [b"<html>sign in</html>", b"<!doctype html><p>sign in"])
@pytest.mark.usefixtures("impatient")
def test_a_page_to_sign_in_is_no_empty_lake(bench: Bench, front: Front, page: bytes) -> None:
    front.order("GET", "list-type=2", Reply(page), times=99)

    with pytest.raises(LakeError, match="who answers is not AWS") as caught:
        bench.lake()

    assert "AWS_ENDPOINT_URL" in caught.value.remedy


@pytest.mark.usefixtures("impatient")
def test_a_body_that_stays_damaged_is_an_error_and_no_state(bench: Bench, front: Front) -> None:
    bench.api.visitors = visitors(3)
    bench.ingest(ONLY)
    before = bench.every_byte()
    front.order("GET", "/state/source.json", flipped, times=99)

    with pytest.raises(LakeError, match="what arrived is not what was stored") as caught:
        bench.lake().get("state/source.json")

    assert "doctor" in caught.value.remedy
    front.heal()
    assert bench.every_byte() == before


@pytest.mark.parametrize("fault", [STAYING["right denied"][0], reset(), flipped, broken_off])
@pytest.mark.usefixtures("impatient")
def test_no_fault_tells_a_secret_or_a_person(
    bench: Bench, front: Front, caplog: pytest.LogCaptureFixture, fault: Fault
) -> None:
    chosen: dict[str, Any] = {"pii_policy": "hash", "pii_hash_key": KEY}
    bench.api.visitors = [visitor(0, visitor_identity=PERSON), visitor(1), [PERSON]]
    bench.ingest(ONLY, **chosen)
    front.order("PUT", PART, fault, times=99)
    front.order("GET", "/state/visitors.json", fault, times=99)
    bench.api.visitors = [visitor(2, visitor_identity=PERSON), *bench.api.visitors]

    with caplog.at_level(logging.DEBUG), pytest.raises(IngestionError) as caught:
        bench.ingest(ONLY, **chosen)

    front.heal()
    said = f"{caught.value} {caught.value.remedy} {caplog.text} {bench.text()}"
    assert os.environ["AWS_SECRET_ACCESS_KEY"] == AWS_SECRET
    for word in ("Nadine", "nadine@", "Sons", TOKEN, KEY.get_secret_value(), AWS_SECRET):
        assert word not in said
