"""The lake as a store of whole objects: a folder here, a bucket elsewhere.

An object is complete or absent. Locally that is a temporary name in `.tmp`, fsync
and rename; on S3 a put already is. Keys are relative, with `/` between their parts.
"""

from __future__ import annotations

import errno
import json
import os
import socket
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from filelock import FileLock, Timeout

from ingestion.config.errors import ConfigurationError, LakeBusyError, LakeError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from ingestion.config.settings import Settings

_TEMPORARY = ".tmp"
_LOCKS = ".locks"
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

    def delete(self, key: str) -> None:
        """Remove an object; absent is fine."""

    def lock(self, name: str) -> AbstractContextManager[None]:
        """Hold the named lock, or raise `LakeBusyError` soon; it dies with its owner."""


class LocalLake:
    """A lake in a folder."""

    def __init__(self, root: Path) -> None:
        """Create the folder when it is missing.

        Raises:
            ConfigurationError: A file stands where the folder should be.
            LakeError: The folder cannot be made.
        """
        self.uri = str(root)
        self._root = root
        try:
            root.mkdir(parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError) as error:
            raise ConfigurationError(
                f"LAKE_URI is {root}, and a file stands where the lake's folder should be",
                "move that file away or point LAKE_URI at a folder",
            ) from error
        except OSError as error:
            raise _lake_error("make the lake's folder", root, error) from error

    def put(self, key: str, body: bytes) -> None:
        """Write to a temporary name, flush to the disk, then rename."""
        # Where a file or folder is a symbolic link, the object is what it points at.
        target = (self._root / key).resolve()
        try:
            _make_folder(target.parent)
            temporary = self._temporary_folder(target) / f"{os.getpid()}-{target.name}"
        except OSError as error:
            raise _lake_error("write", target, error) from error
        try:
            with temporary.open("wb") as file:
                file.write(body)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(target)
            sync_folder(target.parent)
        except OSError as error:
            _remove_quietly(temporary)
            raise _lake_error("write", target, error) from error

    def _temporary_folder(self, target: Path) -> Path:
        # A linked folder may lie on another disk, where no rename reaches.
        folder = self._root / _TEMPORARY
        folder.mkdir(exist_ok=True)
        if folder.stat().st_dev != target.parent.stat().st_dev:
            folder = target.parent / _TEMPORARY
            folder.mkdir(exist_ok=True)
        return folder

    def get(self, key: str) -> bytes | None:
        """Read the file; None when there is none."""
        try:
            return (self._root / key).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise _lake_error("read", self._root / key, error) from error

    def list(self, prefix: str) -> Iterator[str]:
        """Yield the files below the prefix, sorted; hidden ones are not objects."""
        # As texts, as S3 sorts: by folders, `a/b` would come before `a-b`.
        yield from sorted(key for key, _ in self._walk(prefix) if not is_hidden(key))

    def sizes(self, prefix: str) -> Iterator[tuple[str, int]]:
        """Yield every file below the prefix with its bytes, sorted; one stat each."""
        found = []
        for key, path in self._walk(prefix):
            try:
                found.append((key, path.stat().st_size))
            except FileNotFoundError:  # a broken link, or removed since
                continue
            except OSError as error:
                raise _lake_error("read", path, error) from error
        yield from sorted(found)

    def _walk(self, prefix: str) -> Iterator[tuple[str, Path]]:
        """Files with their keys; linked folders are looked into, each real one once."""
        seen: set[str] = set()
        for folder, below, names in os.walk(self._root / prefix, followlinks=True):
            real = os.path.realpath(folder)
            if real in seen:
                below.clear()
                continue
            seen.add(real)
            below.sort()
            for name in names:
                path = Path(folder, name)
                if path.is_file():
                    yield path.relative_to(self._root).as_posix(), path

    def delete(self, key: str) -> None:
        """Remove the file, and what it points at where it is a link; absent is fine."""
        path = self._root / key
        try:
            if path.is_symlink():
                path.resolve().unlink(missing_ok=True)
            path.unlink(missing_ok=True)
        except OSError as error:
            raise _lake_error("remove", self._root / key, error) from error

    @contextmanager
    def lock(self, name: str) -> Iterator[None]:
        """Hold an operating-system lock, which ends with its process however that dies."""
        path = self._root / _LOCKS / f"{name}.lock"
        owner = path.with_suffix(".json")
        lock = FileLock(path, timeout=0)
        try:
            path.parent.mkdir(exist_ok=True)
            lock.acquire()
        except Timeout:
            raise LakeBusyError(
                f"another {name} is at work in {self.uri}{_describe(owner)}",
                "wait for it to finish, or end that process; its lock ends with it",
            ) from None
        except OSError as error:
            raise _lake_error("lock", path, error) from error
        try:
            self._describe_owner(owner)
            self._sweep()
            yield
        finally:
            _remove_quietly(owner)
            if name.startswith(RUN_LOCK):  # nobody will want it again
                _remove_quietly(path)
            lock.release()

    def _describe_owner(self, owner: Path) -> None:
        try:
            owner.write_text(json.dumps({"pid": os.getpid(), "host": socket.gethostname()}))
        except OSError as error:
            raise _lake_error("write", owner, error) from error

    def _sweep(self) -> None:
        # What a killed process left half-written never had a key.
        for path in (self._root / _TEMPORARY).glob("*"):
            if not _is_alive(path.name.partition("-")[0]):
                _remove_quietly(path)


def is_hidden(key: str) -> bool:
    """Whether a file system or a file server hides it: no object of a lake is named so."""
    return any(part.startswith(".") for part in key.split("/"))


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
    return LocalLake(settings.lake_path)


def _lake_error(verb: str, path: Path, error: OSError) -> LakeError:
    if error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
        return LakeError(
            f"no space left to {verb} {path}",
            "free some space and run again: what has landed is kept and the run continues there",
        )
    if isinstance(error, (FileExistsError, NotADirectoryError)):
        return LakeError(
            f"cannot {verb} {path}: a file stands where a folder should be",
            "move that file away and run again",
        )
    if error.errno == errno.EROFS:
        return LakeError(
            f"cannot {verb} {path}: its file system is read-only",
            "mount it for writing, or point LAKE_URI at a folder that can be written",
        )
    reason = error.strerror or type(error).__name__
    if error.errno in {errno.EACCES, errno.EPERM}:
        return LakeError(
            f"cannot {verb} {path}: {reason}",
            "run as the folder's owner, or give this user the right to write there",
        )
    return LakeError(f"cannot {verb} {path}: {reason}", "check the disk that holds the folder")


def _make_folder(folder: Path) -> None:
    # Each new folder is an entry of the one above it, and that entry must last too.
    missing = [f for f in (folder, *folder.parents) if not f.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for made in missing:
        sync_folder(made.parent)


def sync_folder(folder: Path) -> bool:
    """Make a rename in a folder last; False where its file system cannot (some network shares).

    Raises:
        OSError: It can, and failed.
    """
    # Windows cannot open folders.
    if os.name == "nt":
        return False
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno in {errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS}:
            return False
        raise
    finally:
        os.close(descriptor)
    return True


def _remove_quietly(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError:
        return


def _is_alive(pid: str) -> bool:
    try:
        os.kill(int(pid), 0)
    except (ValueError, OverflowError, ProcessLookupError):
        return False
    except PermissionError:
        return True
    return int(pid) != os.getpid()


def _describe(owner: Path) -> str:
    try:
        held = json.loads(owner.read_text())
        return f" (process {held['pid']} on {held['host']})"
    except (OSError, ValueError, TypeError, KeyError):
        return ""
