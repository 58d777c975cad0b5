"""A bucket and a Glue catalog on moto's server, as the process's own AWS."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import boto3
import pytest

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient

from ingestion.config.settings import Settings
from tests.support.aws.moto_account import running_moto, sign_in

LAKE = "s3://lake/here"


@pytest.fixture(scope="module")
def moto() -> Iterator[str]:
    with running_moto() as address:
        yield address


@pytest.fixture
def settings(moto: str, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A lake's settings in an empty AWS account."""
    sign_in(monkeypatch, moto)
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
