"""Tests that take too long for CI, each file a campaign."""

import os
import re
import signal
import subprocess
import sys

from tests.soak.verdict import Verdict
from tests.support.machine.servers import ROOT


def check(name: str, *files: str, **environment: str) -> Verdict:
    """Run `tests/soak/check_NAME.py`, or these; what pytest says comes through when it fails."""
    verdict = Verdict(name)
    # A script that starts this in the background has it ignored, and so would all below it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    tests = files or (f"tests/soak/check_{name}.py",)
    command = [sys.executable, "-m", "pytest", "-q", *tests]
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    last = (done.stdout.strip().splitlines() or ["nothing was said"])[-1]
    if done.returncode:
        sys.stderr.write(done.stdout + done.stderr)
    passed = re.search(r"(\d+) passed", last)
    verdict.expect(last, holds=done.returncode == 0 and passed is not None)
    return verdict
