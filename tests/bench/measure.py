"""What one ingest took, from outside: time, memory, requests, and who was missed."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.soak.lakes import Gaps
from tests.support.machine.servers import ROOT, Sandbox

LAUNCH = Path(__file__).with_name("launch.py")
LIST = "/stats/visitors"
PER_PAGE = 100
_OURS = ("WISTIA_", "LAKE_", "PII_")


@dataclass(frozen=True)
class Took:
    """What one process took.

    Attributes:
        requests: Those for the visitor list, retries included.
        asked: All of them.
        peak_mb: Resident memory at its peak, million bytes.
        refused: Answers 429.
    """

    seconds: float
    processor_seconds: float
    peak_mb: float
    exit_code: int
    requests: int
    refused: int
    asked: int = 0
    gaps: Gaps | None = None


def clean_environment(sandbox: Sandbox, **more: str) -> dict[str, str]:
    """Return the machine's environment without our settings, with the sandbox's account."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}
    return {**kept, **sandbox.environment, "PYTHONPATH": str(ROOT), **more}


def measure(
    sandbox: Sandbox, command: Sequence[str], home: Path, environment: dict[str, str]
) -> Took:
    """Run a command in `home` and count what the sandbox was asked meanwhile."""
    sandbox.control("DELETE", "requests")
    launched = subprocess.run(
        [sys.executable, str(LAUNCH), *command],
        cwd=home,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    took = json.loads(launched.stdout)
    if took["exit_code"]:
        sys.stderr.write(launched.stderr)
    traffic = sandbox.traffic(newest=0)
    return Took(
        **took,
        requests=traffic["by_path"].get(LIST, 0),
        refused=traffic["by_status"].get("429", 0),
        asked=traffic["total"],
    )


def floor_seconds(asked: int, requests_per_minute: int) -> float:
    """Return the least seconds that so many requests can take at the account's limit."""
    return asked * 60 / requests_per_minute


def pages_of(visitors: int) -> int:
    """Return the fewest requests that read the whole list of visitors."""
    return -(-visitors // PER_PAGE)
