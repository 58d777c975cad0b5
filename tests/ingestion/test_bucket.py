"""The lake in a bucket, on a real S3 protocol: moto's server over HTTP."""

import threading
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

from ingestion import bucket
from ingestion.bucket import BucketLake
from ingestion.errors import ConfigurationError, LakeBusyError, LakeError


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    server = ThreadedMotoServer(port=0)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def s3(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Any:  # noqa: ANN401
    for name, value in {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "x",
        "AWS_SECRET_ACCESS_KEY": "x",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }.items():
        monkeypatch.setenv(name, value)
    client = boto3.client("s3")
    client.create_bucket(Bucket="lake")
    yield client
    for item in client.list_objects_v2(Bucket="lake").get("Contents", []):
        client.delete_object(Bucket="lake", Key=item["Key"])


def test_objects_are_put_read_listed_and_removed_below_the_prefix(s3: Any) -> None:  # noqa: ANN401
    lake = BucketLake("s3://lake/wistia/")
    lake.put("raw-data/b.json", b"2")
    lake.put("raw-data/a.json", b"1")
    lake.put("raw-data-other/c.json", b"3")

    assert list(lake.list("raw-data")) == ["raw-data/a.json", "raw-data/b.json"]
    assert lake.get("raw-data/a.json") == b"1"
    assert lake.get("raw-data/none.json") is None
    assert s3.get_object(Bucket="lake", Key="wistia/raw-data/a.json")["Body"].read() == b"1"
    lake.delete("raw-data/a.json")
    lake.delete("raw-data/a.json")
    assert list(lake.list("raw-data")) == ["raw-data/b.json"]


def test_what_is_put_carries_the_cost_tag(s3: Any) -> None:  # noqa: ANN401
    BucketLake("s3://lake").put("raw-data/a.json", b"1")

    tags = s3.get_object_tagging(Bucket="lake", Key="raw-data/a.json")["TagSet"]
    assert tags == [{"Key": "project", "Value": "wistia-elt"}]


@pytest.mark.usefixtures("s3")
def test_a_missing_bucket_is_a_setting_to_correct() -> None:
    with pytest.raises(ConfigurationError, match="no such bucket") as caught:
        BucketLake("s3://nowhere/x")
    assert "LAKE_URI" in caught.value.remedy


@pytest.mark.usefixtures("s3")
def test_a_second_holder_waits_for_the_lease_and_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(bucket, "_RENEW_SECONDS", 0.01)
    renewed = threading.Event()
    second = BucketLake("s3://lake", sleep=lambda _s: renewed.wait(2) and None)
    first = BucketLake("s3://lake")

    def watch() -> None:
        before = first.get("state/locks/ingest.json")
        while first.get("state/locks/ingest.json") == before:
            pass
        renewed.set()

    with first.lock("ingest"):
        monkeypatch.setattr(bucket, "_LEASE_SECONDS", 1)
        threading.Thread(target=watch, daemon=True).start()
        with pytest.raises(LakeBusyError, match="another ingest is at work"), second.lock("ingest"):
            pass
    with second.lock("ingest"):
        assert first.get("state/locks/ingest.json") is not None
    assert first.get("state/locks/ingest.json") is None


@pytest.mark.usefixtures("s3")
def test_a_dead_holders_lease_is_taken_over_and_it_may_not_write_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    slept: list[float] = []
    stalled, heir = BucketLake("s3://lake"), BucketLake("s3://lake", sleep=slept.append)
    monkeypatch.setattr(bucket, "_RENEW_SECONDS", 0.3)

    with stalled.lock("ingest"):
        # The holder's thread renews after the heir has taken over: it finds out and stops.
        with heir.lock("ingest"):
            assert slept == [30.0]
            wait_until(lambda: refuses(stalled))
            assert heir.get("state/locks/ingest.json") is not None
        assert heir.get("state/locks/ingest.json") is None


def refuses(lake: BucketLake) -> bool:
    try:
        lake.put("raw-data/late.json", b"")
    except LakeBusyError as error:
        return "took over" in str(error)
    return False


def wait_until(holds: Callable[[], bool]) -> None:
    for _ in range(400):
        if holds():
            return
        threading.Event().wait(0.02)
    raise AssertionError("it never came true")


@pytest.mark.usefixtures("s3")
@pytest.mark.parametrize(
    ("code", "said", "remedy"),
    [
        ("ExpiredToken", "credentials have expired", "sign in to AWS again"),
        ("AccessDenied", "AWS denies it", "role's rights"),
        ("InternalError", "S3 answers InternalError", "run again"),
    ],
)
def test_what_aws_refuses_is_said_with_the_remedy(code: str, said: str, remedy: str) -> None:
    error = bucket._explain("write x in", "s3://lake", code)

    assert isinstance(error, LakeError)
    assert said in str(error)
    assert remedy in error.remedy
