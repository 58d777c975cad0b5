"""The process guard, from outside: whoever is killed, nothing of a command's family stays."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.commands.stopping import command_of, wait_for
from tests.support.machine.servers import ROOT

# A command, and below it one in a session of its own, as Prefect's worker starts runs.
FAMILY = "setsid sleep {n}1 & sleep {n}2"
STARTER = """
import os, sys
from pathlib import Path
from reports.processes import Guarded
guarded = Guarded(["bash", "-c", sys.argv[1]], Path.cwd(), os.environ)
print(guarded.process.pid, flush=True)
print("it ended", guarded.wait(), flush=True)
"""


def started_as(how: str) -> list[int]:
    """The processes whose command begins so."""
    found = [int(one.name) for one in Path("/proc").glob("[0-9]*")]
    return [pid for pid in found if command_of(pid).startswith(how)]


@pytest.mark.parametrize("who", ["the starter", "the guard", "the command"])
def test_whoever_is_killed_nothing_of_the_family_stays(who: str) -> None:
    n = int.from_bytes(os.urandom(3), "big") + 1_000_000
    command = [sys.executable, "-c", STARTER, FAMILY.format(n=n)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as starter:
        assert starter.stdout is not None
        guard = int(starter.stdout.readline())
        wait_for(lambda: len(started_as(f"sleep {n}")) == 2, 30)
        (shell,) = started_as(f"bash -c setsid sleep {n}")
        killed = {"the starter": starter.pid, "the guard": guard, "the command": shell}
        os.kill(killed[who], signal.SIGKILL)

        wait_for(lambda: not started_as(f"sleep {n}"), 30)
        said = starter.stdout.read()

    assert (
        said
        == {
            "the starter": "",
            "the guard": "it ended -9\n",
            "the command": "it ended 137\n",
        }[who]
    )
