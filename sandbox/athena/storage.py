"""S3 as statements and results need it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

    from mypy_boto3_s3 import S3Client


def split_uri(uri: str) -> tuple[str, str]:
    """Return bucket and key of `s3://bucket/key`.

    Raises:
        ValueError: it is no such address.
    """
    scheme, _, rest = uri.partition("://")
    bucket, _, key = rest.partition("/")
    if scheme not in {"s3", "s3a", "s3n"} or not bucket:
        raise ValueError(f"no address in S3: {uri}")
    return bucket, key


class Storage:
    """Objects by their address."""

    def __init__(self, s3: S3Client) -> None:
        self.s3 = s3

    def has_bucket(self, bucket: str) -> bool:
        """Say whether there is such a bucket."""
        try:
            self.s3.head_bucket(Bucket=bucket)
        except ClientError:
            return False
        return True

    def make_bucket(self, bucket: str, region: str) -> None:
        """Make a bucket in a region."""
        # us-east-1 is the one that must not be said.
        place = {} if region == "us-east-1" else {"LocationConstraint": region}
        self.s3.create_bucket(
            Bucket=bucket,
            **({"CreateBucketConfiguration": place} if place else {}),  # type: ignore[arg-type]
        )

    def region(self, bucket: str) -> str:
        """Return the region that a bucket is in."""
        return self.s3.get_bucket_location(Bucket=bucket)["LocationConstraint"] or "us-east-1"

    def files(self, prefix: str) -> Iterator[str]:
        """Give the addresses of the objects under `prefix`, in order."""
        bucket, key = split_uri(prefix)
        for page in self.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=key):
            yield from (f"s3://{bucket}/{found['Key']}" for found in page.get("Contents", []))

    def write(self, uri: str, body: bytes | BinaryIO) -> None:
        """Store an object."""
        bucket, key = split_uri(uri)
        if isinstance(body, bytes):
            self.s3.put_object(Bucket=bucket, Key=key, Body=body)
        else:
            self.s3.upload_fileobj(body, bucket, key)

    def read(self, uri: str, start: int = 0, length: int | None = None) -> bytes:
        """Return an object's bytes from `start` on; empty past its end."""
        bucket, key = split_uri(uri)
        last = "" if length is None else str(start + length - 1)
        try:
            answer = self.s3.get_object(Bucket=bucket, Key=key, Range=f"bytes={start}-{last}")
        except ClientError as error:
            if error.response["Error"]["Code"] == "InvalidRange":
                return b""
            raise
        return answer["Body"].read()
