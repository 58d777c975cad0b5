"""AWS's own variables where they name nothing: each said with what mends it."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import boto3
import pytest

from ingestion.config.errors import ConfigurationError, LakeError
from ingestion.storage.s3 import BucketLake
from tests.ingestion.config.test_causes import encrypted
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


PROFILES: dict[str, tuple[str, str, str]] = {
    "no such source": (
        "role_arn = arn:aws:iam::1:role/x\nsource_profile = none",
        'source_profile "none"',
        "~/.aws/config",
    ),
    "not an INI": ("nonsense", "Unable to parse config file", "~/.aws/config"),
    "no such program": ("credential_process = /planted/program", "/planted/program", "~/.aws"),
    "a program that fails": (
        "credential_process = /bin/false",
        "be fetched",
        "get-caller-identity",
    ),
    "a program that talks": ("credential_process = /bin/echo hi", "Expecting value", "~/.aws"),
}


@pytest.mark.parametrize(("lines", "said", "remedy"), PROFILES.values(), ids=PROFILES.keys())
def test_a_profile_that_cannot_be_used_is_named(  # noqa: PLR0913, PLR0917 - fixtures
    bench: Bench,
    unknown_to_aws: pytest.MonkeyPatch,
    tmp_path: Path,
    lines: str,
    said: str,
    remedy: str,
) -> None:
    (tmp_path / "config").write_text(f"[default]\n{lines}\n")
    unknown_to_aws.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    boto3.DEFAULT_SESSION = None

    with pytest.raises(LakeError if "false" in lines else ConfigurationError) as caught:
        bench.lake()

    assert said in str(caught.value)
    assert remedy in caught.value.remedy


@pytest.mark.parametrize(
    ("variables", "said", "remedy"),
    [
        ({"AWS_MAX_ATTEMPTS": "many"}, "invalid literal for int", "AWS_…"),
        ({"AWS_REQUEST_CHECKSUM_CALCULATION": "no"}, "request_checksum_calculation", "AWS_…"),
        ({"AWS_DEFAULTS_MODE": "no"}, "defaults mode", "AWS_…"),
        ({"AWS_ACCESS_KEY_ID": "planted\n"}, "a character that no request takes", "copy AWS_ACC"),
        ({"AWS_SESSION_TOKEN": "plan\nted"}, "a character that no request takes", "copy AWS_ACC"),
        ({"HTTP_PROXY": "http://127.0.0.1:1", "NO_PROXY": ""}, "the proxy of", "HTTPS_PROXY"),
        ({"HTTP_PROXY": "127.0.0.1:port", "NO_PROXY": ""}, "the proxy of", "HTTPS_PROXY"),
        ({"AWS_ENDPOINT_URL": "https:"}, "does not speak TLS", "http://"),
    ],
)
@pytest.mark.usefixtures("impatient")
def test_a_variable_that_cannot_be_used_is_named(
    bench: Bench,
    monkeypatch: pytest.MonkeyPatch,
    variables: dict[str, str],
    said: str,
    remedy: str,
) -> None:
    there = os.environ["AWS_ENDPOINT_URL"]
    with monkeypatch.context() as changed:
        changed.setattr(boto3, "DEFAULT_SESSION", None)
        for name in ("NO_PROXY", "no_proxy", "HTTP_PROXY", "http_proxy"):
            changed.delenv(name, raising=False)
        for name, value in variables.items():
            is_address = name == "AWS_ENDPOINT_URL"
            changed.setenv(name, there.replace("http:", value) if is_address else value)

        with pytest.raises((ConfigurationError, LakeError), match=said) as caught:
            bench.lake()

    assert remedy in caught.value.remedy
    # boto3's own words of a header hold what is in it.
    assert "plan" not in str(caught.value)


@pytest.mark.usefixtures("impatient")
def test_a_certificate_that_nobody_vouches_for_is_not_the_network(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with encrypted(tmp_path, datetime.now(UTC).year) as address:
        monkeypatch.setenv("AWS_ENDPOINT_URL", address.removesuffix("/v1"))

        with pytest.raises(LakeError, match="certificate of AWS's side") as caught:
            bench.lake()
        assert "AWS_CA_BUNDLE" in caught.value.remedy

        monkeypatch.setenv("AWS_CA_BUNDLE", str(tmp_path / "none.pem"))
        with pytest.raises(ConfigurationError, match="a file that is not there"):
            bench.lake()
