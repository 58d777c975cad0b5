"""Which code a run ran: the release, and the commit where there is one."""

from __future__ import annotations

import os
import shutil
import subprocess
from importlib.metadata import version

from ingestion.config.settings import PROJECT_ROOT

# Beside the code of an unpacked release: the commit that it was made of.
RELEASE_FILE = ".release"
_SHORT = 7


def code_version() -> str:
    """`0.2.0+g1a2b3c4` in a checkout and in a release, `0.2.0` elsewhere."""
    release = version("wistia-elt")
    unpacked = PROJECT_ROOT / RELEASE_FILE
    if unpacked.is_file():
        return f"{release}+g{unpacked.read_text().strip()[:_SHORT]}"
    git = shutil.which("git")
    if git is None or not (PROJECT_ROOT / ".git").exists():
        return release
    command = [git, "-C", str(PROJECT_ROOT), "describe", "--always", "--dirty", "--exclude", "*"]
    # In a hook of git's the environment names another repository.
    told = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    done = subprocess.run(command, env=told, capture_output=True, text=True, check=False)  # noqa: S603
    commit = done.stdout.strip()
    return f"{release}+g{commit}" if done.returncode == 0 and commit else release
