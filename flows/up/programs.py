"""Other programs that we run to their end: git, make, Prefect's commands, another release."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reports.processes import Guarded

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_MOST = 400


@dataclass(frozen=True, slots=True)
class Ended:
    """How a program ended.

    Attributes:
        code: Its exit code.
        output: What it printed.
        failure: Why it failed, on one line, the end of what it said; None when it ended well.
    """

    code: int
    output: str
    failure: str | None


def run_command(folder: Path, *command: str, environment: Mapping[str, str] | None = None) -> Ended:
    """Run a program in a folder, with nothing to read; no shell reads its arguments."""
    told = os.environ if environment is None else environment
    with tempfile.TemporaryFile() as complaints:
        with Guarded(command, folder, told, errors=complaints) as started:
            output = started.lines().read()
            code = started.wait()
        complaints.seek(0)
        errors = complaints.read().decode(errors="replace")
    said = " ".join((errors or output).split()) or f"exit code {code}"
    return Ended(code, output.strip(), _end_of(said) if code else None)


def _end_of(said: str) -> str:
    # Programs say last why they failed; half a word would only puzzle.
    return said if len(said) <= _MOST else f"… {said[-_MOST:].partition(' ')[2]}"
