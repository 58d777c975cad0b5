"""A checkout: brought to another version by git, or made a release of."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from flows.up.programs import run_command
from ingestion.config.errors import DeliveryError

if TYPE_CHECKING:
    from flows.releases.store import Location


def pull(root: Path, version: str) -> None:
    """Bring a checkout to its branch's latest commit, or to a tag or commit.

    Raises:
        DeliveryError: It is no checkout, has changes of its own, or git refuses.
    """
    _refuse_changes(root)
    lock = (root / "requirements.lock").read_bytes()
    if version == "latest":
        if _git(root, "branch", "--show-current") == "":
            _git(root, "checkout", "--quiet", "-")
        _git(root, "pull", "--quiet", "--ff-only")
    else:
        _git(root, "fetch", "--quiet", "--tags")
        _git(root, "checkout", "--quiet", "--detach", version)
    if (root / "requirements.lock").read_bytes() != lock:
        _run(root, "what the new version needs cannot be installed", "make", ".venv/.ready")


def make_release_of(root: Path, location: Location) -> str:
    """Store what the checkout has committed; gives the version, its commit.

    Raises:
        DeliveryError: It is no checkout, has changes of its own, or cannot be stored.
    """
    _refuse_changes(root)
    commit = _git(root, "rev-parse", "HEAD")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "release.zip"
        _git(root, "archive", "--format", "zip", "--output", str(path), commit)
        location.put(commit, path)
    return commit


def _refuse_changes(root: Path) -> None:
    if not (root / ".git").exists():
        raise DeliveryError(
            f"{root} is no git checkout", "clone the project, and run it from there"
        )
    if changes := _git(root, "status", "--porcelain", "--untracked-files=no"):
        raise DeliveryError(
            f"{changes.split()[-1]} was changed on this machine",
            "commit or discard the change (`git status` shows it), then deploy again",
        )


def _git(root: Path, *arguments: str) -> str:
    git = shutil.which("git")
    if git is None:
        raise DeliveryError("git is not on PATH", "install it, then deploy again")
    return _run(root, f"git {arguments[0]} failed", git, *arguments)


def _run(root: Path, failure: str, *command: str) -> str:
    ended = run_command(root, *command, environment={**os.environ, "GIT_TERMINAL_PROMPT": "0"})
    if ended.failure:
        raise DeliveryError(
            f"{failure}: {ended.failure}",
            "mend what it says and deploy again; the version in place stays",
        )
    return ended.output
