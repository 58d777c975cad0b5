"""A lake in a folder: a rename makes an object whole, and a lock ends with its process."""

from __future__ import annotations

import errno
import fcntl
import os
import secrets
from contextlib import contextmanager, suppress
from pathlib import Path
from stat import S_ISREG
from typing import IO, TYPE_CHECKING

from filelock import FileLock, Timeout

from ingestion.config.errors import ConfigurationError, LakeBusyError, LakeError
from ingestion.storage.base import RUN_LOCK, Entry, Lake, describe_owner, note_owner

if TYPE_CHECKING:
    from collections.abc import Iterator

_TEMPORARY = ".tmp"


class LocalLake(Lake):
    """A lake in a folder."""

    def __init__(self, root: Path) -> None:
        """Create the folder when it is missing."""
        self.uri, self._root = str(root), root
        with _explained("make the lake's folder", root):
            try:
                root.mkdir(parents=True, exist_ok=True)
            except (FileExistsError, NotADirectoryError) as error:
                if root.is_symlink() and not root.exists():
                    raise ConfigurationError(
                        f"LAKE_URI is {root}, a link to {root.readlink()}, where nothing is",
                        "mount the disk that it lies on, or point LAKE_URI at a folder",
                    ) from error
                raise ConfigurationError(
                    f"LAKE_URI is {root}, and a file stands where the lake's folder should be",
                    "move that file away or point LAKE_URI at a folder",
                ) from error

    def put(self, key: str, body: bytes) -> None:
        """Write to a temporary name, flush to the disk, then rename."""
        # Where a file or folder is a symbolic link, the object is what it points at.
        target = (self._root / key).resolve()
        with _explained("write", target):
            _make_folder(target.parent)
            temporary, file = self._open_temporary(target)
            try:
                with file:
                    file.write(body)
                    file.flush()
                    os.fsync(file.fileno())
                    # Renamed while its lock is held: whoever sweeps meanwhile passes it over.
                    temporary.replace(target)
                sync_folder(target.parent)
            except OSError:
                _remove_quietly(temporary)
                raise

    def _open_temporary(self, target: Path) -> tuple[Path, IO[bytes]]:
        """Open a file of this write alone; its lock says to all containers that we live."""
        # A linked folder may lie on another disk, where no rename reaches.
        folder = self._root / _TEMPORARY
        folder.mkdir(exist_ok=True)
        if folder.stat().st_dev != target.parent.stat().st_dev:
            folder = target.parent / _TEMPORARY
            folder.mkdir(exist_ok=True)
        while True:
            path = folder / f"{secrets.token_hex(8)}-{target.name}"
            file = path.open("xb")
            fcntl.flock(file, fcntl.LOCK_EX)
            # Another may have swept it between its creation and its lock.
            if os.fstat(file.fileno()).st_nlink:
                return path, file
            file.close()

    def get(self, key: str) -> bytes | None:
        """Read the file; None when there is none."""
        path = self._root / key
        with _explained("read", path), suppress(FileNotFoundError):
            return path.read_bytes()
        return None

    def delete(self, key: str) -> None:
        """Remove the file, and what it points at where it is a link; absent is fine."""
        path = self._root / key
        with _explained("remove", path):
            if path.is_symlink():
                path.resolve().unlink(missing_ok=True)
            path.unlink(missing_ok=True)

    def entries(self, prefix: str) -> Iterator[Entry]:
        """Yield the files below the prefix, sorted; each write makes another, at another time."""
        # As texts, as S3 sorts: by folders, `a/b` would come before `a-b`.
        yield from sorted(self._walk(prefix))

    def _walk(self, prefix: str) -> Iterator[Entry]:
        """Linked folders are looked into, each real one once."""
        seen: set[str] = set()
        for folder, below, names in os.walk(self._root / prefix, followlinks=True):
            real = os.path.realpath(folder)
            if real in seen:
                below.clear()
                continue
            seen.add(real)
            below.sort()
            for path in (Path(folder, name) for name in names):
                # A broken link is none, nor is what was removed since.
                with _explained("read", path), suppress(FileNotFoundError):
                    found = path.stat()
                    if S_ISREG(found.st_mode):
                        tag = f"{found.st_ino}-{found.st_mtime_ns}-{found.st_size}"
                        key = path.relative_to(self._root).as_posix()
                        yield Entry(key, found.st_size, tag)

    @contextmanager
    def lock(self, name: str) -> Iterator[None]:
        """Hold an operating-system lock, which ends with its process however that dies."""
        path, owner = self._lock_files(name)
        lock = FileLock(path, timeout=0)
        with _explained("lock", path):
            path.parent.mkdir(exist_ok=True)
            try:
                lock.acquire()
            except Timeout:
                raise LakeBusyError(
                    f"another {name} is at work in {self.uri}{_read_owner(owner)}",
                    "wait for it to finish, or end that process; its lock ends with it",
                ) from None
        try:
            with _explained("write", owner):
                owner.write_bytes(note_owner())
            self._sweep()
            yield
        finally:
            _remove_quietly(owner)
            if name.startswith(RUN_LOCK):  # nobody will want it again
                _remove_quietly(path)
            lock.release()

    def is_locked(self, name: str) -> bool:
        """Ask the operating system; of a dead run's lock the files go."""
        path, owner = self._lock_files(name)
        if not path.exists():
            return False
        try:
            with FileLock(path, timeout=0):
                if name.startswith(RUN_LOCK):
                    _remove_quietly(owner)
                    _remove_quietly(path)
                return False
        # Who may not try it believes it; a timeout is held by another.
        except OSError:
            return True

    def _lock_files(self, name: str) -> tuple[Path, Path]:
        folder = self._root / ".locks"
        return folder / f"{name}.lock", folder / f"{name}.json"

    def _sweep(self) -> None:
        # What a killed process left half-written never had a key.
        for path in (self._root / _TEMPORARY).glob("*"):
            with suppress(OSError), path.open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                path.unlink(missing_ok=True)


@contextmanager
def _explained(verb: str, path: Path) -> Iterator[None]:
    """Turn what the operating system refuses inside the block into a `LakeError`."""
    try:
        yield
    except OSError as error:
        raise _lake_error(verb, path, error) from error


def _lake_error(verb: str, path: Path, error: OSError) -> LakeError:  # noqa: PLR0911 - one a cause
    reason = error.strerror or type(error).__name__
    match error.errno:
        case errno.ENOSPC | errno.EDQUOT | errno.EFBIG:
            said, remedy = "", "free some space"
            if _has_no_inode(path):
                said = ": its disk holds no more files (inodes)"
                remedy = "remove files there that nobody needs (`df -i` counts them)"
            return LakeError(
                f"no space left to {verb} {path}{said}",
                f"{remedy} and run again: what is loaded stays, and the next run goes on",
            )
        case errno.EEXIST | errno.ENOTDIR:
            return LakeError(
                f"cannot {verb} {path}: a file stands where a folder should be",
                "move that file away and run again",
            )
        case errno.EROFS:
            return LakeError(
                f"cannot {verb} {path}: its file system is read-only",
                "mount it for writing, or point LAKE_URI at a folder that can be written",
            )
        case errno.EACCES | errno.EPERM:
            return LakeError(
                f"cannot {verb} {path}: {reason}",
                "run as the folder's owner, or give this user the right to write there",
            )
        case errno.ENAMETOOLONG | errno.ELOOP:
            return LakeError(
                f"cannot {verb} {path}: {reason}",
                "point LAKE_URI at a folder with a shorter path that no link leads back to",
            )
        case errno.ENOLCK | errno.ENOSYS | errno.ENOTSUP | errno.EOPNOTSUPP:
            return LakeError(
                f"cannot {verb} {path}: its file system keeps no locks ({reason})",
                "keep the lake on this machine's own disk, or mount the share with its lock "
                "service: without locks two runs would load the same twice",
            )
    return LakeError(f"cannot {verb} {path}: {reason}", "check the disk that holds the folder")


def _has_no_inode(path: Path) -> bool:
    with suppress(OSError):
        disk = os.statvfs(next(folder for folder in path.parents if folder.exists()))
        return disk.f_files > 0 and disk.f_favail == 0
    return False


def _make_folder(folder: Path) -> None:
    # Each new folder is an entry of the one above it, and that entry must last too.
    missing = [f for f in (folder, *folder.parents) if not f.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for made in missing:
        sync_folder(made.parent)


def sync_folder(folder: Path) -> bool:
    """Make a rename in a folder last; False where its file system cannot (some network shares)."""
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
    with suppress(OSError):
        path.unlink(missing_ok=True)


def _read_owner(owner: Path) -> str:
    with suppress(OSError):
        return describe_owner(owner.read_bytes())
    return ""
