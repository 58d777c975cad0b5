"""A checkout brought to another version of the code by git."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

from flows.up.programs import run_command
from ingestion.config.errors import DeliveryError

if TYPE_CHECKING:
    from pathlib import Path


def pull(root: Path, version: str) -> None:
    """Bring a checkout to its branch's latest commit, or to a tag or commit.

    Args:
        root: The checkout.
        version: `latest`, a tag or a commit.

    Raises:
        DeliveryError: It is no checkout, has changes of its own, or git refuses.
    """
    refuse_changes(root)
    lock = (root / "requirements.lock").read_bytes()
    if version == "latest":
        if git(root, "branch", "--show-current") == "":
            git(root, "checkout", "--quiet", "-")
        git(root, "pull", "--quiet", "--ff-only")
    else:
        git(root, "fetch", "--quiet", "--tags")
        git(root, "checkout", "--quiet", "--detach", version)
    if (root / "requirements.lock").read_bytes() != lock:
        _run(root, "what the new version needs cannot be installed", "make", ".venv/.ready")


def refuse_changes(root: Path) -> None:
    """Return when a folder is a checkout that holds what is committed, nothing else.

    Raises:
        DeliveryError: It is not.
    """
    if not (root / ".git").exists():
        raise DeliveryError(
            f"{root} is no git checkout", "clone the project, and run it from there"
        )
    if changes := git(root, "status", "--porcelain", "--untracked-files=no"):
        raise DeliveryError(
            f"{changes.split()[-1]} was changed on this machine",
            "commit or discard the change (`git status` shows it), then deploy again",
        )


def git(root: Path, *arguments: str) -> str:
    """What git says to a command in a checkout.

    Raises:
        DeliveryError: There is no git, or it refuses.
    """
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
