"""A disk of its own for a test: small, so that it can be full, or read-only."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


def _as_root(*command: str) -> None:
    sudo = () if os.geteuid() == 0 else ("sudo", "--non-interactive")
    subprocess.run([*sudo, *command], check=True, capture_output=True)


@contextmanager
def small_disk(folder: Path, megabytes: int, files: int = 0) -> Iterator[Path]:
    """A disk of so many megabytes, and files, mounted on a folder; skips where nobody may mount."""
    folder.mkdir()
    options = f"size={megabytes}m,mode=777" + (f",nr_inodes={files}" if files else "")
    try:
        _as_root("mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder))
    except (FileNotFoundError, subprocess.CalledProcessError):
        pytest.skip("mounting a small disk needs root and its rights")
    try:
        yield folder
    finally:
        _as_root("umount", "--lazy", str(folder))


def fill(folder: Path) -> None:
    """Leave no byte free."""
    with (folder / "filling").open("wb", buffering=0) as file:
        for size in (1 << 20, 1 << 12, 1):
            try:
                while True:
                    file.write(b"\0" * size)
            except OSError:
                continue


def make_read_only(folder: Path) -> None:
    """Let nobody write any more, root included."""
    _as_root("mount", "-o", "remount,ro", str(folder))
