"""One lake, ingested again and again by processes that are killed."""

import os
import signal
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from tests.soak.lakes import left_by_kill
from tests.support.commands import forks
from tests.support.machine.servers import ROOT, Sandbox

KILLED = -signal.SIGKILL
COMMAND = (str(Path(sys.executable).with_name("wistia-elt")), "ingest")


@dataclass(frozen=True)
class Kill:
    """Where a process dies: at the n-th `step` whose key holds `key` (see `tests.soak.dying`)."""

    step: str
    key: str = ""
    at: int = 1
    full: bool = False
    resource: str = ""


@dataclass
class Victim:
    """A lake and the account it is filled from.

    Args:
        rows: How many rows make a part due; 0 as in production.
    """

    sandbox: Sandbox
    root: Path
    rows: int = 0
    left: Counter[str] = field(default_factory=Counter)

    def ingest(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run `wistia-elt ingest` undisturbed."""
        return self._run("flows.cli.main:main", "ingest", *arguments)

    def die(self, kill: Kill) -> int:
        """Run `wistia-elt ingest` and kill it; return how the process ended."""
        flags = ["--full"] if kill.full else []
        flags += ["--resource", kill.resource] if kill.resource else []
        step = [kill.step, kill.key, str(kill.at), str(self.rows)]
        code = self._run("tests.soak.dying", *step, "ingest", *flags).returncode
        self.left.update(left_by_kill(self.root))
        return code

    def die_after(self, seconds: float, *arguments: str) -> int:
        """Run `wistia-elt ingest` and kill it from outside; return how the process ended."""
        with subprocess.Popen(
            [*COMMAND, *arguments],
            cwd=self.root.parent,
            env=self.environment,
            stdout=subprocess.DEVNULL,
        ) as process:
            try:
                process.wait(timeout=seconds)
            except subprocess.TimeoutExpired:
                process.kill()
        self.left.update(left_by_kill(self.root))
        return process.returncode

    @property
    def environment(self) -> dict[str, str]:
        """The child's: this lake, this account, and no setting of the machine's."""
        ours = ("WISTIA_", "LAKE_", "PII_")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
        return {
            **kept,
            **self.sandbox.environment,
            "LAKE_URI": str(self.root),
            "PYTHONPATH": str(ROOT),
        }

    def _run(self, function: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        return forks.run(function, arguments, self.environment, self.root.parent)
