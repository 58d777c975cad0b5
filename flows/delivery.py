"""Bringing a machine to another version of the code, and telling Prefect of it."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flows.errors import DeliveryError
from flows.prefect_access import read_access
from flows.prefect_api import PrefectApi
from flows.up.registration import register
from ingestion.settings import PROJECT_ROOT
from ingestion.version import code_version

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Delivered:
    """What a deployment did: the version in place, and a sentence about it."""

    version: str
    said: str


def deliver(version: str) -> Delivered:
    """Put a version in place and register its deployments.

    Raises:
        DeliveryError: There is no such version, or it cannot be put in place.
    """
    before = code_version()
    pull(PROJECT_ROOT, version)
    after = code_version()
    url, headers = read_access()
    if url is not None:
        register(PrefectApi(url, headers), os.environ)
    changed = f"{before} → {after}" if after != before else f"{after} was the latest already"
    return Delivered(after, f"deployed: {changed}; the next run runs it")


def pull(root: Path, version: str) -> None:
    """Bring a checkout to its branch's latest commit, or to a tag or commit.

    Args:
        root: The checkout.
        version: `latest`, a tag or a commit.

    Raises:
        DeliveryError: It is no checkout, has changes of its own, or git refuses.
    """
    if not (root / ".git").exists():
        raise DeliveryError(
            f"{root} is no git checkout", "clone the project, and run it from there"
        )
    if changes := _git(root, "status", "--porcelain", "--untracked-files=no"):
        raise DeliveryError(
            f"{changes.split()[-1]} was changed on this machine",
            "commit or discard the change (`git status` shows it), then deploy again",
        )
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


def _git(root: Path, *arguments: str) -> str:
    git = shutil.which("git")
    if git is None:
        raise DeliveryError("git is not on PATH", "install it, then deploy again")
    return _run(root, f"git {arguments[0]} failed", git, *arguments)


def _run(root: Path, failure: str, *command: str) -> str:
    done = subprocess.run(  # noqa: S603 - fixed commands, no shell
        command,
        cwd=root,
        env={**os.environ, "GIT_TERMINAL_PROMPT": "0"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        said = " ".join(done.stderr.split())[-300:] or f"exit code {done.returncode}"
        raise DeliveryError(
            f"{failure}: {said}",
            "mend what it says and deploy again; the version in place stays",
        )
    return done.stdout.strip()
