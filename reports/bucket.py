"""A prefix of a bucket as the place where pages are copied to."""

from __future__ import annotations

import gzip
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import boto3

from ingestion.config.aws_errors import explained
from reports.errors import PagesError
from reports.upload import describe

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from mypy_boto3_s3 import S3Client


@dataclass(frozen=True, slots=True)
class BucketDestination:
    """`s3://bucket/prefix`; the prefix empty or ending in `/`."""

    client: S3Client
    bucket: str
    prefix: str

    def read(self, key: str) -> bytes | None:
        """An object there."""
        try:
            found = self.client.get_object(Bucket=self.bucket, Key=self.prefix + key)
        except self.client.exceptions.NoSuchKey:
            return None
        body = found["Body"].read()
        return gzip.decompress(body) if found.get("ContentEncoding") == "gzip" else body

    def find(self, keys: Iterable[str]) -> set[str]:
        """Which of these are there."""
        pages = self.client.get_paginator("list_objects_v2").paginate(
            Bucket=self.bucket, Prefix=self.prefix
        )
        found = (one["Key"] for page in pages for one in page.get("Contents", []))
        return set(keys) & {key.removeprefix(self.prefix) for key in found}

    def write(self, key: str, path: Path) -> None:
        """Put it with the headers it is to be served with."""
        body, headers = describe(key, path)
        self.client.put_object(Bucket=self.bucket, Key=self.prefix + key, Body=body, **headers)

    def remove(self, key: str) -> None:
        """Delete it."""
        self.client.delete_object(Bucket=self.bucket, Key=self.prefix + key)


@contextmanager
def explained_bucket(uri: str) -> Iterator[BucketDestination]:
    """The place an `s3://` address names; what AWS refuses is said in a sentence.

    Raises:
        PagesError: AWS does not answer, or denies it.
        ConfigurationError: The bucket, region or credentials are not in order.
    """
    bucket, _, prefix = uri.removeprefix("s3://").strip("/").partition("/")
    with explained(f"copy the pages to {uri}", PagesError, "SITE_URI"):
        yield BucketDestination(boto3.client("s3"), bucket, f"{prefix}/" if prefix else "")
