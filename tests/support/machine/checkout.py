"""What git lists here: the files of the project, and none that it made."""

import subprocess
from functools import cache

import pytest

from tests.support.machine.servers import ROOT


@cache
def tracked(*folders: str) -> tuple[str, ...]:
    """The files by their path from the root, new ones too; skips where this is no clone."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", *folders]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("git lists no file here: this is no clone", allow_module_level=True)
    return tuple(name for name in listed.stdout.splitlines() if (ROOT / name).is_file())


def text_of(name: str) -> str:
    """A file's text."""
    return (ROOT / name).read_text(encoding="utf-8", errors="replace")
