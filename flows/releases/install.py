"""Releases on this machine: unpacked once each, with an environment of their own.

A run is started in the folder of its release and never sees another one change: what runs
goes on with what it began with, and going back is choosing a folder that is still there.
"""

from __future__ import annotations

import os
import shutil
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock

from ingestion.config.errors import DeliveryError
from ingestion.config.version import RELEASE_FILE
from reports.processes import run_command

if TYPE_CHECKING:
    from collections.abc import Callable

    from flows.releases.store import Location

_READY = ".ready"
# The one in use, the one before, and one to spare: each has an environment of some 700 MB,
# most of it shared where uv links files.
_KEPT = 3


def releases_folder() -> Path:
    """Where this machine keeps them, beside Prefect's own files."""
    return Path(os.environ["PREFECT_HOME"]) / "releases"


def prepare(
    location: Location, version: str, home: Path, install: Callable[[Path], None] | None = None
) -> Path:
    """Unpack a release into its folder and `install` it (`make .venv/.ready`), unless it is there.

    Raises:
        DeliveryError: It cannot be fetched, is no release, or cannot be installed; what was
            there before is untouched.
    """
    home.mkdir(parents=True, exist_ok=True)
    folder = home / version
    with FileLock(home / ".lock"):
        if not (folder / _READY).exists():
            # What a killed installation left is not known to be whole.
            shutil.rmtree(folder, ignore_errors=True)
            try:
                _unpack(location, version, folder)
                (install or _install)(folder)
            except BaseException:
                shutil.rmtree(folder, ignore_errors=True)
                raise
        (folder / _READY).touch()
        _forget_old(home, folder)
    return folder


def newest_used(home: Path) -> Path | None:
    """The release that was used last; None before the first."""
    return next(reversed(_used(home)), None)


def _used(home: Path) -> list[Path]:
    marks = sorted(home.glob(f"*/{_READY}"), key=lambda mark: mark.stat().st_mtime)
    return [mark.parent for mark in marks]


def _unpack(location: Location, version: str, folder: Path) -> None:
    archive = folder.with_name(f".{version}.zip")
    try:
        location.fetch(version, archive)
        with zipfile.ZipFile(archive) as file:
            file.extractall(folder)
            for item in file.infolist():
                # zipfile leaves out what may be run.
                if mode := (item.external_attr >> 16) & 0o777:
                    (folder / item.filename).chmod(mode | 0o600)
    except (zipfile.BadZipFile, OSError) as error:
        raise DeliveryError(
            f"the release {version} cannot be unpacked: {error}",
            "build it again, or deploy another version",
        ) from error
    finally:
        archive.unlink(missing_ok=True)
    if not (folder / "flows" / "pipeline.py").is_file():
        raise DeliveryError(
            f"the release {version} at {location.uri} holds no wistia-elt",
            "a release is a zip of the project's files, `flows/` at its top",
        )
    (folder / RELEASE_FILE).write_text(version)


def _install(folder: Path) -> None:
    # The environment of the release that asks is not the one to install into.
    kept = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    ended = run_command(folder, "make", ".venv/.ready", environment=kept)
    if ended.failure:
        raise DeliveryError(
            f"the release {folder.name} cannot be installed: {ended.failure}",
            "mend what it says and deploy again; the version in place stays",
        )


def _forget_old(home: Path, used: Path) -> None:
    for folder in _used(home)[:-_KEPT]:
        if folder != used:
            # Its mark first: half a folder must not look like a release.
            (folder / _READY).unlink()
            shutil.rmtree(folder, ignore_errors=True)
