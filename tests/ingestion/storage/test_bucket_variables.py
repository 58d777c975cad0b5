"""AWS's own variables where they name nothing: each said with what mends it."""

from collections.abc import Iterator

import boto3
import pytest

from ingestion.config.errors import ConfigurationError, LakeError
from ingestion.storage.s3 import BucketLake
from tests.ingestion.conftest import Bench
from tests.ingestion.homes import Bucket


@pytest.fixture
def home(bucket: Bucket) -> Bucket:
    return bucket


@pytest.fixture
def impatient(aws: str, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: ARG001
    """A fault that stays is believed at once."""
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")


@pytest.fixture
def unknown_to_aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """No credentials; boto3 keeps those it once found in its default session."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    boto3.setup_default_session()
    yield monkeypatch
    boto3.DEFAULT_SESSION = None


@pytest.mark.usefixtures("impatient")
def test_nobody_at_the_endpoint(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")

    with pytest.raises(LakeError, match="AWS does not answer") as caught:
        bench.lake()
    assert "AWS_ENDPOINT_URL" in caught.value.remedy


@pytest.mark.parametrize("name", [None, "AWS_ACCESS_KEY_ID", "AWS_PROFILE"])
def test_no_credentials_or_half_of_them(
    bench: Bench, unknown_to_aws: pytest.MonkeyPatch, name: str | None
) -> None:
    if name is not None:
        unknown_to_aws.setenv(name, "nobody")

    with pytest.raises(ConfigurationError, match="there are no AWS credentials") as caught:
        bench.lake()
    assert "aws sso login" in caught.value.remedy


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("AWS_ENDPOINT_URL", "nowhere", "AWS_ENDPOINT_URL is no address"),
        ("AWS_DEFAULT_REGION", "no region", "no AWS region"),
    ],
)
@pytest.mark.usefixtures("impatient")
def test_an_odd_variable_is_named(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str
) -> None:
    monkeypatch.setenv(name, value)

    with pytest.raises(ConfigurationError, match=said):
        bench.lake()


@pytest.mark.parametrize("uri", ["s3://", "s3:///x", "s3://Not A Bucket/x"])
@pytest.mark.usefixtures("aws")
def test_an_address_without_a_bucket(uri: str) -> None:
    with pytest.raises(ConfigurationError, match="no name of a bucket") as caught:
        BucketLake(uri)
    assert "s3://bucket/prefix" in caught.value.remedy
