"""Which code a run ran: the release, and the commit where there is one."""

from __future__ import annotations

import shutil
import subprocess
from importlib.metadata import version

from ingestion.settings import PROJECT_ROOT


def code_version() -> str:
    """`0.1.0+g1a2b3c4` in a checkout, `0.1.0` elsewhere."""
    release = version("wistia-elt")
    git = shutil.which("git")
    if git is None or not (PROJECT_ROOT / ".git").exists():
        return release
    command = [git, "-C", str(PROJECT_ROOT), "describe", "--always", "--dirty", "--exclude", "*"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    commit = done.stdout.strip()
    return f"{release}+g{commit}" if done.returncode == 0 and commit else release
