"""A lake in a bucket: S3's puts are whole and atomic, its conditional writes make a lock.

AWS's own variables say where it is and who asks (`AWS_ENDPOINT_URL`, profiles, roles);
boto3 checks every transfer and waits out SlowDown.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from email.utils import parsedate_to_datetime
from itertools import islice
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.session import Session

from ingestion.config.aws_errors import DAMAGE, code_of, explain, explained
from ingestion.config.errors import LakeError
from ingestion.storage.base import Version, is_hidden
from ingestion.storage.s3_lock import Lease, lock_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from contextlib import AbstractContextManager
    from datetime import timedelta

# Costs are told apart by this tag (billing's cost allocation tags).
_TAG = "project=wistia-elt"
LEASE_SECONDS = 30.0
_ATTEMPTS = 9
_READS = 3
_A_REQUEST = 1000  # what DeleteObjects takes at most
_ABSENT = {"NoSuchKey", "NoSuchVersion", "404", "NotFound"}
_LOST = {"PreconditionFailed", "412", "ConditionalRequestConflict", "409"}


class BucketLake:
    """A lake below a prefix of a bucket.

    Args:
        uri: `s3://bucket/prefix`.
        lease_seconds: How long a dead holder's lock keeps others waiting. Every process
            at work in one lake must have the same.
        sleep: Waits seconds.
        clock: Tells seconds; one that goes on while the machine sleeps.

    Raises:
        ConfigurationError: The bucket does not exist, or there are no credentials.
        LakeError: It cannot be reached, or may not be seen.
    """

    def __init__(
        self,
        uri: str,
        *,
        lease_seconds: float = LEASE_SECONDS,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.uri = uri.rstrip("/")
        self._bucket, _, prefix = self.uri.removeprefix("s3://").partition("/")
        self._prefix = f"{prefix}/" if prefix else ""
        self._seconds, self._sleep, self._clock = lease_seconds, sleep, clock
        self._leases: list[Lease] = []
        try:
            with self._explained("reach"):
                self._s3: Any = _connect()
                # A HEAD would be cheaper and has no body to say why it is refused.
                self._s3.list_objects_v2(Bucket=self._bucket, Prefix=self._prefix, MaxKeys=1)
        except ValueError as error:
            raise explain(f"reach {self.uri}", error, LakeError) from error

    def put(self, key: str, body: bytes) -> None:
        """Put the object whole; S3 shows it complete or not at all.

        Raises:
            LakeBusyError: This process slept through its lease, and another took it.
        """
        for lease in self._leases:
            lease.ensure()
        with self._explained(f"write {key} in"):
            self._s3.put_object(
                Bucket=self._bucket,
                Key=self._prefix + key,
                Body=body,
                Tagging=_TAG,
                ChecksumAlgorithm="SHA256",
            )

    def get(self, key: str) -> bytes | None:
        """Read the object, its checksum held; None when there is none."""
        found = self.read(key)
        return None if found is None else found[0]

    def list(self, prefix: str) -> Iterator[str]:
        """Yield the keys below the prefix, sorted as S3 sorts; hidden ones are not objects."""
        yield from (key for key, _ in self.sizes(prefix) if not is_hidden(key))

    def sizes(self, prefix: str) -> Iterator[tuple[str, int]]:
        """Yield every key below the prefix with its bytes, sorted: one listing."""
        yield from ((key, int(item["Size"])) for key, item in self._items(prefix))

    def tags(self, prefix: str) -> Iterator[tuple[str, str]]:
        """Yield the objects below the prefix with their ETags: one listing."""
        for key, item in self._items(prefix):
            if not is_hidden(key):
                yield key, str(item["ETag"])

    def _items(self, prefix: str) -> Iterator[tuple[str, dict[str, Any]]]:
        pages = self._s3.get_paginator("list_objects_v2")
        below = self._prefix + (f"{prefix.rstrip('/')}/" if prefix else "")
        with self._explained("list"):
            for page in pages.paginate(Bucket=self._bucket, Prefix=below):
                for item in page.get("Contents", ()):
                    yield str(item["Key"]).removeprefix(self._prefix), item

    def delete(self, key: str) -> None:
        """Remove the object; a versioned bucket keeps the version."""
        for lease in self._leases:
            lease.ensure()
        with self._explained(f"remove {key} from"):
            self._s3.delete_object(Bucket=self._bucket, Key=self._prefix + key)

    def list_older(self, prefix: str) -> Iterator[Version]:
        """Yield what a versioned bucket keeps of replaced and removed objects."""
        pages = self._s3.get_paginator("list_object_versions")
        below = self._prefix + (f"{prefix}/" if prefix else "")
        with self._explained("list older versions in"):
            for page in pages.paginate(Bucket=self._bucket, Prefix=below):
                for item in page.get("Versions", ()):
                    if not item["IsLatest"]:
                        yield Version(item["Key"].removeprefix(self._prefix), item["VersionId"])

    def get_older(self, version: Version) -> bytes | None:
        """Read an older version whole; None when it is gone."""
        found = self.read(version.key, VersionId=version.id)
        return None if found is None else found[0]

    def delete_older(self, versions: Iterable[Version]) -> None:
        """Remove older versions for good, a thousand a request."""
        waiting = iter(versions)
        while batch := list(islice(waiting, _A_REQUEST)):
            for lease in self._leases:
                lease.ensure()
            named = [{"Key": self._prefix + one.key, "VersionId": one.id} for one in batch]
            with self._explained(f"remove {len(batch)} older versions from"):
                answer = self._s3.delete_objects(
                    Bucket=self._bucket, Delete={"Objects": named, "Quiet": True}
                )
                # Each is refused by itself, in an answer that is a good one.
                for refused in answer.get("Errors", ()):
                    raise ClientError({"Error": refused}, "DeleteObjects")

    @contextmanager
    def lock(self, name: str) -> Iterator[None]:
        """Hold a lease that is renewed while the block runs and runs out with its owner.

        Raises:
            LakeBusyError: Somebody else's lease is being renewed.
        """
        lease = Lease(self, name, self._seconds, self._sleep, self._clock)
        lease.take()
        # It stays after the block: what a process that lost its lock writes late is refused.
        self._leases.append(lease)
        try:
            yield
        finally:
            lease.end()
            if not lease.is_lost:
                self._leases.remove(lease)

    def is_locked(self, name: str) -> bool:
        """Whether its lease was renewed lately, by S3's own clock: ours may differ."""
        with self._explained(f"look at the lock {name} in"):
            try:
                found = self._s3.head_object(Bucket=self._bucket, Key=self._prefix + lock_key(name))
            except ClientError as error:
                if code_of(error) in _ABSENT:
                    return False
                raise
        now = parsedate_to_datetime(found["ResponseMetadata"]["HTTPHeaders"]["date"])
        # Both have whole seconds, and a holder misses a renewal now and then.
        age: timedelta = now - found["LastModified"]
        return age.total_seconds() < self._seconds + 2

    def write_if(self, key: str, body: bytes, **condition: str) -> str | None:
        """Put an object only under a condition.

        Args:
            key: Where to.
            body: What.
            condition: `IfNoneMatch="*"` or `IfMatch=<etag>`.

        Returns:
            The new ETag; None when the condition did not hold.
        """
        with self._explained(f"write {key} in"):
            try:
                answer = self._s3.put_object(
                    Bucket=self._bucket, Key=self._prefix + key, Body=body, **condition
                )
            except ClientError as error:
                if code_of(error) in _LOST | _ABSENT:
                    return None
                raise
            return str(answer["ETag"])

    def remove_if(self, key: str, etag: str) -> None:
        """Remove an object that still has this ETag."""
        with self._explained(f"remove {key} from"):
            try:
                self._s3.delete_object(Bucket=self._bucket, Key=self._prefix + key, IfMatch=etag)
            except ClientError as error:
                if code_of(error) not in _LOST | _ABSENT:
                    raise

    def read(self, key: str, **version: str) -> tuple[bytes, str] | None:
        """Body and ETag of an object, its checksum held; None when there is none."""
        with self._explained(f"read {key} in"):
            for attempt in range(1, _READS):
                try:
                    return self._read(key, **version)
                except DAMAGE:
                    # boto3 tries a request again, but not a body that breaks off.
                    self._sleep(attempt / 4)
            return self._read(key, **version)

    def _read(self, key: str, **version: str) -> tuple[bytes, str] | None:
        try:
            answer = self._s3.get_object(Bucket=self._bucket, Key=self._prefix + key, **version)
        except ClientError as error:
            if code_of(error) in _ABSENT:
                return None
            raise
        return answer["Body"].read(), str(answer["ETag"])

    def _explained(self, verb: str) -> AbstractContextManager[None]:
        return explained(f"{verb} {self.uri}", LakeError)


def _connect() -> Any:  # noqa: ANN401 - boto3 makes its classes as it runs
    # What AWS_MAX_ATTEMPTS or a profile says stands; only boto3's default is too few.
    attempts = Session().get_config_variable("max_attempts") or _ATTEMPTS
    # Not adaptive: after one SlowDown that asks every two seconds at most, for minutes.
    retries: Any = {"mode": "standard", "total_max_attempts": attempts}
    return boto3.client("s3", config=Config(retries=retries, connect_timeout=10))
