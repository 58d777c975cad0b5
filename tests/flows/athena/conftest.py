"""A bucket and a Glue catalogue on moto's server, as the process's own AWS."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import boto3
import pytest
from moto.server import ThreadedMotoServer

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient

from ingestion.config.settings import Settings

LAKE = "s3://lake/here"


@pytest.fixture(scope="module")
def moto() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    _, port = server.get_host_and_port()
    yield f"http://127.0.0.1:{port}"
    server.stop()


@pytest.fixture
def settings(moto: str, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A lake's settings in an empty AWS account."""
    for name, value in {
        "AWS_ENDPOINT_URL": moto,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",  # pragma: allowlist secret
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }.items():
        monkeypatch.setenv(name, value)
    boto3.client("s3").create_bucket(Bucket="lake")
    return Settings(lake_uri=LAKE)


@pytest.fixture
def glue(settings: Settings) -> "Iterator[GlueClient]":
    """The tests' own look into Glue, emptied before and after.

    Moto keeps what any server of this process was told, whichever test started it.
    """
    del settings
    client = boto3.client("glue")
    _empty(client)
    yield client
    _empty(client)


def _empty(client: "GlueClient") -> None:
    for found in client.get_databases()["DatabaseList"]:
        client.delete_database(Name=found["Name"])
    boto3.resource("s3").Bucket("lake").objects.all().delete()
