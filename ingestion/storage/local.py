"""A lake in a folder: a rename makes an object whole, and a lock ends with its process."""

from __future__ import annotations

import errno
import fcntl
import os
import secrets
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING

from filelock import FileLock, Timeout

from ingestion.config.errors import ConfigurationError, LakeBusyError, LakeError
from ingestion.storage.base import RUN_LOCK, describe_owner, is_hidden, note_owner

if TYPE_CHECKING:
    from collections.abc import Iterator

_TEMPORARY = ".tmp"
_LOCKS = ".locks"


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
        temporary: Path | None = None
        try:
            _make_folder(target.parent)
            temporary, file = self._open_temporary(target)
            with file:
                file.write(body)
                file.flush()
                os.fsync(file.fileno())
                # Renamed while its lock is held: whoever sweeps meanwhile passes it over.
                temporary.replace(target)
            sync_folder(target.parent)
        except OSError as error:
            if temporary is not None:
                _remove_quietly(temporary)
            raise _lake_error("write", target, error) from error

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
            _hold(file, fcntl.LOCK_EX)
            # Another may have swept it between its creation and its lock.
            if os.fstat(file.fileno()).st_nlink:
                return path, file
            file.close()

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
        yield from ((key, found.st_size) for key, found in self._stats(prefix))

    def tags(self, prefix: str) -> Iterator[tuple[str, str]]:
        """Yield the objects below the prefix: each write makes another file, at another time."""
        for key, found in self._stats(prefix):
            if not is_hidden(key):
                yield key, f"{found.st_ino}-{found.st_mtime_ns}-{found.st_size}"

    def _stats(self, prefix: str) -> Iterator[tuple[str, os.stat_result]]:
        found = []
        for key, path in self._walk(prefix):
            try:
                found.append((key, path.stat()))
            except FileNotFoundError:  # a broken link, or removed since
                continue
            except OSError as error:
                raise _lake_error("read", path, error) from error
        yield from sorted(found, key=lambda one: one[0])

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
                f"another {name} is at work in {self.uri}{_read_owner(owner)}",
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
            owner.write_bytes(note_owner())
        except OSError as error:
            raise _lake_error("write", owner, error) from error

    def is_locked(self, name: str) -> bool:
        """Ask the operating system; of a dead run's lock the files go."""
        path = self._root / _LOCKS / f"{name}.lock"
        if not path.exists():
            return False
        lock = FileLock(path, timeout=0)
        try:
            with lock:
                if name.startswith(RUN_LOCK):
                    _remove_quietly(path.with_suffix(".json"))
                    _remove_quietly(path)
                return False
        except Timeout:
            return True
        except OSError:
            # Who may not try it believes it.
            return True

    def _sweep(self) -> None:
        # What a killed process left half-written never had a key.
        for path in (self._root / _TEMPORARY).glob("*"):
            with suppress(OSError), path.open("rb") as file:
                _hold(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                path.unlink(missing_ok=True)


def _hold(file: IO[bytes], how: int) -> None:
    fcntl.flock(file.fileno(), how)


def _lake_error(verb: str, path: Path, error: OSError) -> LakeError:
    if error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
        return LakeError(
            f"no space left to {verb} {path}",
            "free some space and run again: what is loaded stays, and the next run goes on",
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


def _read_owner(owner: Path) -> str:
    try:
        return describe_owner(owner.read_bytes())
    except OSError:
        return ""
