"""A lake in a bucket: S3's puts are whole and atomic, its conditional writes make a lock.

AWS's own variables say where it is and who asks (`AWS_ENDPOINT_URL`, profiles, roles);
boto3 checks every transfer (CRC32 both ways) and waits out SlowDown.
"""

from __future__ import annotations

import json
import os
import socket
import threading
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from ingestion.errors import ConfigurationError, LakeBusyError, LakeError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# Costs are told apart by this tag (billing's cost allocation tags).
_TAG = "project=wistia-elt"
# A holder renews its lease three times before it runs out; a dead one's is taken over then.
_LEASE_SECONDS = 30.0
_RENEW_SECONDS = 8.0
_ABSENT = {"NoSuchKey", "404", "NotFound"}
_LOST = {"PreconditionFailed", "412", "ConditionalRequestConflict", "409"}
_EXPIRED = {"ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired"}
_DENIED = {"AccessDenied", "403", "InvalidAccessKeyId", "SignatureDoesNotMatch"}


class BucketLake:
    """A lake below a prefix of a bucket.

    Args:
        uri: `s3://bucket/prefix`.
        sleep: Waits seconds while another's lease may run out.

    Raises:
        ConfigurationError: The bucket does not exist, or may not be seen.
        LakeError: It cannot be reached.
    """

    def __init__(self, uri: str, sleep: Callable[[float], None] = time.sleep) -> None:
        """Look whether the bucket is there."""
        self.uri = uri.rstrip("/")
        self._bucket, _, prefix = self.uri.removeprefix("s3://").partition("/")
        self._prefix = f"{prefix}/" if prefix else ""
        self._sleep = sleep
        self._lost: str | None = None
        # Adaptive: it slows down by itself when S3 answers SlowDown.
        config = Config(retries={"mode": "adaptive", "max_attempts": 8})
        with self._explained("reach"):
            self._s3: Any = boto3.client("s3", config=config)
            self._s3.head_bucket(Bucket=self._bucket)

    def put(self, key: str, body: bytes) -> None:
        """Put the object whole; S3 shows it complete or not at all.

        Raises:
            LakeBusyError: This process slept through its lease, and another took it.
        """
        if self._lost is not None:
            raise LakeBusyError(
                f"another {self._lost} took over {self.uri} while this one stood still",
                "let that one finish; nothing is lost",
            )
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
        found = self._get(key)
        return None if found is None else found[0]

    def list(self, prefix: str) -> Iterator[str]:
        """Yield the keys below the prefix, sorted as S3 sorts."""
        pages = self._s3.get_paginator("list_objects_v2")
        below = f"{self._prefix}{prefix.rstrip('/')}/"
        with self._explained("list"):
            for page in pages.paginate(Bucket=self._bucket, Prefix=below):
                for item in page.get("Contents", ()):
                    yield str(item["Key"]).removeprefix(self._prefix)

    def delete(self, key: str) -> None:
        """Remove the object; a versioned bucket keeps the version."""
        with self._explained(f"remove {key} from"):
            self._s3.delete_object(Bucket=self._bucket, Key=self._prefix + key)

    @contextmanager
    def lock(self, name: str) -> Iterator[None]:
        """Hold a lease that is renewed while the block runs and runs out with its owner.

        Raises:
            LakeBusyError: Somebody else's lease is being renewed.
        """
        key = f"state/locks/{name}.json"
        lease = _Lease(self, key, self._acquire(name, key), lambda: self._lose(name))
        lease.start()
        try:
            yield
        finally:
            lease.end()

    def _lose(self, name: str) -> None:
        self._lost = name

    def _acquire(self, name: str, key: str) -> str:
        held = self._get(key)
        if held is None:
            etag = self.write_if(key, _owner(), IfNoneMatch="*")
            if etag is not None:
                return etag
            held = self._get(key)
        if held is not None:
            # Clocks differ between machines: a lease is dead when it does not change.
            self._sleep(_LEASE_SECONDS)
            etag = self.write_if(key, _owner(), IfMatch=held[1])
            if etag is not None:
                return etag
        raise LakeBusyError(
            f"another {name} is at work in {self.uri}{_describe(held)}",
            "wait for it to finish, or end that process; its lease runs out half a minute later",
        )

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
                if _code(error) in _LOST | _ABSENT:
                    return None
                raise
            return str(answer["ETag"])

    def _get(self, key: str) -> tuple[bytes, str] | None:
        with self._explained(f"read {key} in"):
            try:
                answer = self._s3.get_object(Bucket=self._bucket, Key=self._prefix + key)
                return answer["Body"].read(), str(answer["ETag"])
            except ClientError as error:
                if _code(error) in _ABSENT:
                    return None
                raise

    @contextmanager
    def _explained(self, verb: str) -> Iterator[None]:
        try:
            yield
        except ClientError as error:
            raise _explain(verb, self.uri, _code(error)) from error
        except BotoCoreError as error:
            raise LakeError(
                f"cannot {verb} {self.uri}: {error}",
                "check AWS_REGION, the credentials and the network, then run again",
            ) from error


class _Lease:
    """Renews a lock's object from a thread until it ends."""

    def __init__(self, lake: BucketLake, key: str, etag: str, lose: Callable[[], None]) -> None:
        self._lake, self._key, self._etag, self._lose = lake, key, etag, lose
        self._is_lost = False
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._renew, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def end(self) -> None:
        self._ended.set()
        self._thread.join()
        if self._is_lost:
            return
        with suppress(LakeError):
            self._lake.delete(self._key)

    def _renew(self) -> None:
        while not self._ended.wait(_RENEW_SECONDS):
            with suppress(LakeError):
                etag = self._lake.write_if(self._key, _owner(), IfMatch=self._etag)
                if etag is None:
                    self._is_lost = True
                    self._lose()
                    return
                self._etag = etag


def _owner() -> bytes:
    held = {"pid": os.getpid(), "host": socket.gethostname(), "renewed": time.time()}
    return json.dumps(held).encode()


def _describe(held: tuple[bytes, str] | None) -> str:
    try:
        owner = json.loads(held[0] if held else b"")
        return f" (process {owner['pid']} on {owner['host']})"
    except (ValueError, TypeError, KeyError):
        return ""


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


def _explain(verb: str, uri: str, code: str) -> LakeError | ConfigurationError:
    if code in _EXPIRED:
        return LakeError(
            f"cannot {verb} {uri}: the AWS credentials have expired",
            "sign in to AWS again (for example `aws sso login`) and run again",
        )
    if code in {"NoSuchBucket", "404", "NotFound"}:
        return ConfigurationError(
            f"cannot {verb} {uri}: there is no such bucket",
            "correct LAKE_URI, or create the bucket first",
        )
    if code in {"301", "PermanentRedirect", "AuthorizationHeaderMalformed"}:
        return ConfigurationError(
            f"cannot {verb} {uri}: the bucket is in another region", "set AWS_REGION to its region"
        )
    if code in _DENIED:
        return LakeError(
            f"cannot {verb} {uri}: AWS denies it ({code})",
            "check the credentials and the role's rights on that bucket and prefix",
        )
    return LakeError(f"cannot {verb} {uri}: S3 answers {code}", "wait a little and run again")
