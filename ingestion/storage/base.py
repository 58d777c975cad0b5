"""The lake as a store of whole objects: a folder here, a bucket elsewhere.

An object is complete or absent. Locally that is a temporary name in `.tmp`, fsync
and rename; on S3 a put already is. Keys are relative, with `/` between their parts.
"""

from __future__ import annotations

import json
import os
import socket
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, NamedTuple

from ingestion.config.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from contextlib import AbstractContextManager

    from ingestion.config.settings import Settings

# With a run's id behind it: held while the run lives.
RUN_LOCK = "run-"
# What a lake has that something was loaded into: the record of it, or bronze that has lost it.
_LOADED = ("state/runs", "raw-data")


class Entry(NamedTuple):
    """A file of a lake; its tag is a text that changes as the file does."""

    key: str
    bytes: int
    tag: str

    @property
    def is_hidden(self) -> bool:
        """Whether a file system or a file server hides it: no object of a lake is named so."""
        return any(part.startswith(".") for part in self.key.split("/"))


class Version(NamedTuple):
    """An older version of an object."""

    key: str
    id: str


class Lake(ABC):
    """What the ingester needs of a store; all of it raises `LakeError`."""

    uri: str

    @abstractmethod
    def put(self, key: str, body: bytes) -> None:
        """Write a whole object, durable when this returns; an older one is replaced."""

    @abstractmethod
    def get(self, key: str) -> bytes | None:
        """Read a whole object; None when there is none."""

    @abstractmethod
    def delete(self, key: str) -> None:
        """Remove an object; absent is fine."""

    @abstractmethod
    def entries(self, prefix: str) -> Iterator[Entry]:
        """Yield every file below a folder-like prefix, sorted as texts; all for an empty one."""

    def list(self, prefix: str) -> Iterator[str]:
        """Yield the keys of the objects below a prefix: of all files but the hidden ones."""
        return (entry.key for entry in self.entries(prefix) if not entry.is_hidden)

    @abstractmethod
    def lock(self, name: str) -> AbstractContextManager[None]:
        """Hold the named lock, or raise `LakeBusyError` soon; it dies with its owner."""

    @abstractmethod
    def is_locked(self, name: str) -> bool:
        """Whether somebody who lives holds the named lock; nobody is kept waiting."""

    def list_older(self, _prefix: str) -> Iterator[Version]:
        """Yield the versions below a prefix that were replaced or removed and are still kept."""
        return iter(())

    def get_older(self, _version: Version) -> bytes | None:
        """Read an older version whole; None when it is gone."""
        return None

    def delete_older(self, versions: Iterable[Version]) -> None:  # noqa: B027 - a folder has none
        """Remove older versions for good, in any order."""


def keep_private() -> None:
    """Let every file of this process and its children be 0600, every folder 0700.

    Each command begins with it: names and addresses of people are in what it writes. What is meant
    for others (the copied pages) says so itself.
    """
    os.umask(0o077)


def note_owner(**more: str) -> bytes:
    """What a lock says of its holder: this process."""
    return json.dumps({"pid": os.getpid(), "host": socket.gethostname(), **more}).encode()


def describe_owner(note: bytes | None) -> str:
    """` (process 7 on host)`; empty where the note tells of nobody."""
    try:
        owner = json.loads(note or b"")
        return f" (process {owner['pid']} on {owner['host']})"
    except (ValueError, TypeError, KeyError):
        return ""


def open_lake(settings: Settings) -> Lake:
    """Open the lake that LAKE_URI names.

    Raises:
        ConfigurationError: It cannot be a lake.
        LakeError: It cannot be reached.
    """
    if settings.on_s3:
        # boto3 costs a third of a second and 30 MB: only who keeps a lake there pays.
        from ingestion.storage.s3 import BucketLake  # noqa: PLC0415

        return BucketLake(settings.lake_uri)
    from ingestion.storage.local import LocalLake  # noqa: PLC0415 - it needs what is above

    return LocalLake(settings.lake_path)


def open_existing(settings: Settings) -> Lake:
    """Open a lake that something was loaded into: who looks after one makes none.

    Raises:
        ConfigurationError: LAKE_URI names nothing, or something else.
        LakeError: The lake cannot be reached.
    """
    lake = open_lake(settings) if settings.on_s3 or settings.lake_path.is_dir() else None
    if lake and any(True for prefix in _LOADED for _ in lake.entries(prefix)):
        return lake
    where = lake.uri if lake else settings.lake_path
    raise ConfigurationError(
        f"there is no lake in {where}: nothing was ever loaded",
        "check LAKE_URI and the folder you are in; `wistia-elt run` makes a new lake",
    )
