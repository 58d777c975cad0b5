"""S3 as statements and results need it: objects by their address."""

from collections.abc import Iterator
from typing import IO, Any

from botocore.exceptions import ClientError


def split_uri(uri: str) -> tuple[str, str]:
    """Return bucket and key of `s3://bucket/key`.

    Raises:
        ValueError: it is no such address.
    """
    scheme, _, rest = uri.partition("://")
    bucket, _, key = rest.partition("/")
    if scheme != "s3" or not bucket:
        raise ValueError(f"no address in S3: {uri}")
    return bucket, key


class Storage:
    """Buckets and objects."""

    def __init__(self, s3: Any) -> None:  # noqa: ANN401 - boto3's client
        self._s3 = s3

    def make_bucket(self, bucket: str, region: str) -> None:
        """Make a bucket in a region."""
        # us-east-1 is the one that must not be said.
        place = {"CreateBucketConfiguration": {"LocationConstraint": region}}
        self._s3.create_bucket(Bucket=bucket, **({} if region == "us-east-1" else place))

    def region(self, bucket: str) -> str | None:
        """Return the region that a bucket is in, None where there is no such bucket."""
        try:
            found = self._s3.get_bucket_location(Bucket=bucket)["LocationConstraint"]
        except ClientError:
            return None
        return str(found or "us-east-1")

    def files(self, folder: str) -> Iterator[str]:
        """Give the addresses of the objects below a folder, in order."""
        bucket, key = split_uri(folder.rstrip("/") + "/")
        for page in self._s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=key):
            yield from (f"s3://{bucket}/{found['Key']}" for found in page.get("Contents", []))

    def write(self, uri: str, body: bytes | IO[bytes]) -> None:
        """Store an object."""
        bucket, key = split_uri(uri)
        self._s3.put_object(Bucket=bucket, Key=key, Body=body)

    def read(self, uri: str, start: int = 0, length: int | None = None) -> bytes:
        """Return an object's bytes from `start` on; none past its end.

        Raises:
            ClientError: there is no such object.
        """
        bucket, key = split_uri(uri)
        last = "" if length is None else start + length - 1
        try:
            answer = self._s3.get_object(Bucket=bucket, Key=key, Range=f"bytes={start}-{last}")
        except ClientError as error:
            if error.response["Error"]["Code"] == "InvalidRange":
                return b""
            raise
        return bytes(answer["Body"].read())
