"""A lake in a bucket: S3's puts are whole and atomic, its conditional writes make a lock.

The lock is an object that its holder renews, and whoever finds it still takes over; conditional
puts decide between two who want it. Clocks differ between machines, so no time in it is believed: a
lease is dead when it did not change for its length.

AWS's own variables say where the lake is and who asks (`AWS_ENDPOINT_URL`, profiles, roles); boto3
checks every transfer and waits out SlowDown.
"""

from __future__ import annotations

import logging
import re
import secrets
import threading
import time
from contextlib import AbstractContextManager, contextmanager, suppress
from email.utils import parsedate_to_datetime
from itertools import islice
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.parsers import ResponseParserError
from botocore.session import Session

from ingestion.config.aws_errors import DAMAGE, code_of, explained
from ingestion.config.errors import LakeBusyError, LakeError
from ingestion.storage.base import Entry, Lake, Version, describe_owner, note_owner

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import timedelta

# Costs are told apart by this tag (billing's cost allocation tags).
_TAG = "project=wistia-elt"
LEASE_SECONDS = 30.0
# A holder misses two renewals before its lease runs out; one who waits looks more often.
_RENEWALS = 4
_LOOKS = 10
_ATTEMPTS = 9
_READS = 3
_A_REQUEST = 1000  # what DeleteObjects takes at most
_ABSENT = {"NoSuchKey", "NoSuchVersion", "404", "NotFound"}
_OF_AWS = re.compile(r"^https://[^/:]+\.amazonaws\.com(\.cn)?/?$")
_OF_A_LIST = {"Name", "MaxKeys", "KeyCount", "IsTruncated"}
_LOST = {"PreconditionFailed", "412", "ConditionalRequestConflict", "409"}

log = logging.getLogger(__name__)


def try_bucket(uri: str, setting: str) -> str:
    """See whether the bucket of `s3://bucket/prefix` can be listed; gives its name.

    Raises:
        ConfigurationError: It does not exist, or there are no credentials; `setting` is named.
        LakeError: It cannot be reached, or may not be seen.
    """
    return _reach(uri, f"reach {setting}={uri}", setting)[1]


class BucketLake(Lake):
    """A lake below a prefix of a bucket, `s3://bucket/prefix`.

    A dead holder's lock keeps others waiting for `lease_seconds`: every process at work in one lake
    must have the same. `sleep` waits seconds, `clock` tells them and goes on while the machine
    sleeps.

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
        self._s3, self._bucket, self._prefix = _reach(self.uri, f"reach {self.uri}", "LAKE_URI")
        self.lease_seconds, self.sleep, self.clock = lease_seconds, sleep, clock
        self._leases: list[_Lease] = []
        self._holds_conditions = _OF_AWS.search(self._s3.meta.endpoint_url) is not None

    def put(self, key: str, body: bytes) -> None:
        """Put the object whole; S3 shows it complete or not at all.

        Raises `LakeBusyError` where this process slept through its lease, and another took it.
        """
        with self._writing(f"write {key} in"):
            self._s3.put_object(
                **self._named(key), Body=body, Tagging=_TAG, ChecksumAlgorithm="SHA256"
            )

    def get(self, key: str) -> bytes | None:
        """Read the object, its checksum held; None when there is none."""
        return self.read(key)[0]

    def delete(self, key: str) -> None:
        """Remove the object; a versioned bucket keeps the version."""
        with self._writing(f"remove {key} from"):
            self._s3.delete_object(**self._named(key))

    def entries(self, prefix: str) -> Iterator[Entry]:
        """Yield every key below the prefix, sorted as S3 sorts: one listing."""
        for item in self._items("list", "list_objects_v2", "Contents", prefix):
            yield Entry(self._key_in(item), int(item["Size"]), str(item["ETag"]))

    def list_older(self, prefix: str) -> Iterator[Version]:
        """Yield what a versioned bucket keeps of replaced and removed objects."""
        doing = "list older versions in"
        for item in self._items(doing, "list_object_versions", "Versions", prefix):
            if not item["IsLatest"]:
                yield Version(self._key_in(item), item["VersionId"])

    def get_older(self, version: Version) -> bytes | None:
        """Read an older version whole; None when it is gone."""
        return self.read(version.key, VersionId=version.id)[0]

    def delete_older(self, versions: Iterable[Version]) -> None:
        """Remove older versions for good, a thousand a request."""
        waiting = iter(versions)
        while batch := list(islice(waiting, _A_REQUEST)):
            named = [{"Key": self._prefix + one.key, "VersionId": one.id} for one in batch]
            with self._writing(f"remove {len(batch)} older versions from"):
                answer = self._s3.delete_objects(
                    Bucket=self._bucket, Delete={"Objects": named, "Quiet": True}
                )
                # Each is refused by itself, in an answer that is a good one.
                for refused in answer.get("Errors", ()):
                    raise ClientError({"Error": refused}, "DeleteObjects")

    @contextmanager
    def lock(self, name: str) -> Iterator[None]:
        """Hold a lease that is renewed while the block runs and runs out with its owner."""
        lease = _Lease(self, name)
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
        with self._explained(f"look at the lock {name} in"), _passing(_ABSENT):
            found = self._s3.head_object(**self._named(_lock_key(name)))
            now = parsedate_to_datetime(found["ResponseMetadata"]["HTTPHeaders"]["date"])
            # Both have whole seconds, and a holder misses a renewal now and then.
            age: timedelta = now - found["LastModified"]
            return age.total_seconds() < self.lease_seconds + 2
        return False

    def try_conditions(self, key: str) -> None:
        """See once whether a store that is not AWS's holds to conditions, by an object of its own.

        Raises `LakeError` where it does not: two runs would both have a lock, and load the same.
        """
        if not self._holds_conditions and self.write_if(key, b"{}", IfNoneMatch="*") is not None:
            self.delete(key)
            raise LakeError(
                f"{self.uri} can keep no locks: the store at {self._s3.meta.endpoint_url} takes a "
                "put whatever its condition",
                "use S3, or a version of that store that knows conditional puts (If-None-Match)",
            )
        self._holds_conditions = True

    def write_if(self, key: str, body: bytes, **condition: str) -> str | None:
        """Put only if `IfNoneMatch="*"` or `IfMatch=<etag>` holds: its new ETag, or None."""
        with self._explained(f"write {key} in"), _passing(_LOST | _ABSENT):
            return str(self._s3.put_object(**self._named(key), Body=body, **condition)["ETag"])
        return None

    def remove_if(self, key: str, etag: str) -> None:
        """Remove an object that still has this ETag."""
        with self._explained(f"remove {key} from"), _passing(_LOST | _ABSENT):
            self._s3.delete_object(**self._named(key), IfMatch=etag)

    def read(self, key: str, **version: str) -> tuple[bytes | None, str | None]:
        """Body and ETag of an object, its checksum held; None where there is none."""
        with self._explained(f"read {key} in"), _passing(_ABSENT):
            for attempt in range(1, _READS + 1):
                try:
                    answer = self._s3.get_object(**self._named(key), **version)
                    return answer["Body"].read(), str(answer["ETag"])
                except DAMAGE:
                    # boto3 tries a request again, but not a body that breaks off.
                    if attempt == _READS:
                        raise
                    self.sleep(attempt / 4)
        return None, None

    def _named(self, key: str) -> dict[str, str]:
        return {"Bucket": self._bucket, "Key": self._prefix + key}

    def _key_in(self, item: dict[str, Any]) -> str:
        return str(item["Key"]).removeprefix(self._prefix)

    def _items(self, doing: str, request: str, name: str, prefix: str) -> Iterator[dict[str, Any]]:
        below = self._prefix + (f"{prefix.rstrip('/')}/" if prefix else "")
        pages = self._s3.get_paginator(request).paginate(Bucket=self._bucket, Prefix=below)
        with self._explained(doing):
            for page in pages:
                yield from page.get(name, ())

    @contextmanager
    def _writing(self, verb: str) -> Iterator[None]:
        for lease in self._leases:
            lease.ensure()
        with self._explained(verb):
            yield

    def _explained(self, verb: str) -> AbstractContextManager[None]:
        return explained(f"{verb} {self.uri}", LakeError)


@contextmanager
def _passing(codes: set[str]) -> Iterator[None]:
    """Pass over what S3 answers with one of these codes."""
    try:
        yield
    except ClientError as error:
        if code_of(error) not in codes:
            raise


def _reach(uri: str, doing: str, setting: str) -> tuple[Any, str, str]:
    """A client that has listed the bucket of `s3://bucket/prefix`, its name, its prefix."""
    bucket, _, prefix = uri.removeprefix("s3://").partition("/")
    prefix = f"{prefix.rstrip('/')}/" if prefix else ""
    with explained(doing, LakeError, setting, ValueError):
        client = _connect()
        # A HEAD would be cheaper and has no body to say why it is refused.
        answer = client.list_objects_v2(Bucket=bucket, Prefix=prefix, MaxKeys=1)
        # A sign-in page may pass for XML: then this would be a lake without an object.
        if answer.keys().isdisjoint(_OF_A_LIST):
            raise ResponseParserError
    return client, bucket, prefix


def _connect() -> Any:  # noqa: ANN401 - boto3 makes its classes as it runs
    # What AWS_MAX_ATTEMPTS or a profile says stands; only boto3's default is too few.
    attempts = Session().get_config_variable("max_attempts") or _ATTEMPTS
    # Not adaptive: after one SlowDown that asks every two seconds at most, for minutes.
    retries: Any = {"mode": "standard", "total_max_attempts": attempts}
    return boto3.client("s3", config=Config(retries=retries, connect_timeout=10))


def _lock_key(name: str) -> str:
    return f"state/locks/{name}.json"


class _Lease:
    """One holder's lease on a named lock of a bucket."""

    def __init__(self, store: BucketLake, name: str) -> None:
        self._store, self._name, self._key = store, name, _lock_key(name)
        self._seconds = store.lease_seconds
        self.is_lost = False
        self._etag, self._renewed = "", 0.0
        self._mutex, self._ended = threading.Lock(), threading.Event()
        self._thread = threading.Thread(target=self._keep, daemon=True)

    def take(self) -> None:
        """Take the lock, waiting for a dead holder's lease to run out, and go on renewing it.

        Raises `LakeBusyError` where the holder renews its lease, or somebody was faster.
        """
        self._renewed = self._store.clock()
        first = note, held = self._store.read(self._key)
        if held is not None:
            log.warning(
                "another %s holds the lake%s: looking for %g s whether it lives",
                self._name,
                describe_owner(note),
                self._seconds,
            )
        for _ in range(_LOOKS):
            if held is None or (note, held) != first:
                break
            self._store.sleep(self._seconds / _LOOKS)
            self._renewed = self._store.clock()
            note, held = self._store.read(self._key)
        etag = None
        if held is None:
            etag = self._write(IfNoneMatch="*")
        elif (note, held) == first:
            etag = self._write(IfMatch=held)
        if etag is None:
            raise LakeBusyError(
                f"another {self._name} is at work in {self._store.uri}{describe_owner(note)}",
                "wait for it to finish, or end that process: its lease runs out "
                f"{self._seconds:g} seconds later",
            )
        self._etag = etag
        self._store.try_conditions(self._key)
        self._thread.start()

    def ensure(self) -> None:
        """Make sure that the lease is still ours; renew one that may have run out.

        Raises `LakeBusyError` where this process stood still and another took over.
        """
        overdue = self._store.clock() - self._renewed > self._seconds * 2 / _RENEWALS
        if overdue and not self.is_lost:
            self._renew()
        if self.is_lost:
            raise LakeBusyError(
                f"another {self._name} took over {self._store.uri} while this one stood still",
                "let that one finish; nothing is lost",
            )

    def end(self) -> None:
        """Give the lock back, unless it has become another's."""
        self._ended.set()
        # A renewal may hang on a dead network; one after the removal cannot succeed.
        self._thread.join(self._seconds)
        with suppress(LakeError):
            self._store.remove_if(self._key, self._etag)

    def _keep(self) -> None:
        while not self.is_lost and not self._ended.wait(self._seconds / _RENEWALS):
            with suppress(LakeError):
                self._renew()

    def _renew(self) -> None:
        with self._mutex:
            if self.is_lost:
                return
            moment, etag = self._store.clock(), self._write(IfMatch=self._etag)
            if etag is None:
                self.is_lost = True
            else:
                self._etag, self._renewed = etag, moment

    def _write(self, **condition: str) -> str | None:
        body = note_owner(mark=secrets.token_hex(8))
        etag = self._store.write_if(self._key, body, **condition)
        if etag is None:
            # A put whose answer got lost is sent again, and finds the first one in its way.
            note, found = self._store.read(self._key)
            etag = found if note == body else None
        return etag
