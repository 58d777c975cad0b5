"""The lake as a store of whole objects: a folder here, a bucket elsewhere.

An object is complete or absent. Locally that is a temporary name in `.tmp`, fsync
and rename; on S3 a put already is. Keys are relative, with `/` between their parts.
"""

from __future__ import annotations

import json
import os
import socket
from typing import TYPE_CHECKING, NamedTuple, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from contextlib import AbstractContextManager

    from ingestion.config.settings import Settings

# With a run's id behind it: held while the run lives.
RUN_LOCK = "run-"


class Lake(Protocol):
    """What the ingester needs of a store; all of it raises `LakeError`."""

    uri: str

    def put(self, key: str, body: bytes) -> None:
        """Write a whole object, durable when this returns; an older one is replaced."""

    def get(self, key: str) -> bytes | None:
        """Read a whole object; None when there is none."""

    def list(self, prefix: str) -> Iterator[str]:
        """Yield the keys below a folder-like prefix, sorted as texts; all for an empty one."""

    def sizes(self, prefix: str) -> Iterator[tuple[str, int]]:
        """Yield every file below a folder-like prefix with its bytes, sorted; hidden ones too."""

    def tags(self, prefix: str) -> Iterator[tuple[str, str]]:
        """Yield the keys below a folder-like prefix, each with a text that changes as it does."""

    def delete(self, key: str) -> None:
        """Remove an object; absent is fine."""

    def lock(self, name: str) -> AbstractContextManager[None]:
        """Hold the named lock, or raise `LakeBusyError` soon; it dies with its owner."""

    def is_locked(self, name: str) -> bool:
        """Whether somebody who lives holds the named lock; nobody is kept waiting."""


class Version(NamedTuple):
    """An older version of an object."""

    key: str
    id: str


@runtime_checkable
class Versioned(Protocol):
    """A lake whose store may keep older versions."""

    def list_older(self, prefix: str) -> Iterator[Version]:
        """Yield the versions below a prefix that were replaced or removed and are still kept."""

    def get_older(self, version: Version) -> bytes | None:
        """Read an older version whole; None when it is gone."""

    def delete_older(self, versions: Iterable[Version]) -> None:
        """Remove older versions for good, in any order."""


def is_hidden(key: str) -> bool:
    """Whether a file system or a file server hides it: no object of a lake is named so."""
    return any(part.startswith(".") for part in key.split("/"))


def note_owner(**more: str) -> bytes:
    """What a lock says of its holder: this process."""
    return json.dumps({"pid": os.getpid(), "host": socket.gethostname(), **more}).encode()


def describe_owner(note: bytes) -> str:
    """` (process 7 on host)`; empty where the note tells of nobody."""
    try:
        owner = json.loads(note)
        return f" (process {owner['pid']} on {owner['host']})"
    except (ValueError, TypeError, KeyError):
        return ""


def open_lake(settings: Settings) -> Lake:
    """Open the lake that LAKE_URI names.

    Raises:
        ConfigurationError: LAKE_URI cannot be a lake.
        LakeError: The lake cannot be reached.
    """
    if settings.on_s3:
        # boto3 costs a third of a second and 30 MB: only who keeps a lake there pays.
        from ingestion.storage.s3 import BucketLake  # noqa: PLC0415

        return BucketLake(settings.lake_uri)
    from ingestion.storage.local import LocalLake  # noqa: PLC0415 - it needs what is above

    return LocalLake(settings.lake_path)
