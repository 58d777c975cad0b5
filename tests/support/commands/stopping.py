"""Stopping runs in the middle of a stage, and what they say of it."""

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.commands.command_line import CommandLine, against
from tests.support.lakes.named import TODAY, VISITORS, Lakes
from tests.support.machine.servers import Sandbox, running_sandbox

if TYPE_CHECKING:
    import subprocess


Place = tuple[CommandLine, Sandbox]


@pytest.fixture(scope="module")
def place(lakes: Lakes, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A lake after one good day, and an account that has moved on since: three came."""
    with running_sandbox(visitors=VISITORS, today=TODAY) as server:
        server.advance(new=3, returning=0, hours=24)
        yield against(server, lakes.copy("first day", tmp_path_factory.mktemp("place"))), server


def hang_the_api(server: Sandbox) -> None:
    """Let the next answer about visitors never come."""
    server.faults({"path": "/stats/visitors", "kind": "hang", "seconds": 600, "times": 1})


def wait_until_it_hangs(server: Sandbox) -> None:
    """Return when a run waits for that answer."""
    wait_for(lambda: [fault for fault in server.control("GET", "faults") if fault["struck"]])


def wait_for(look: Callable[[], Any], seconds: float = 240, pause: float = 0.02) -> Any:  # noqa: ANN401
    """Return what `look` finds, once it finds something."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := look():
            return found
        time.sleep(pause)
    raise AssertionError("it did not come to that")


def dbt_of(process: "subprocess.Popen[str]") -> int | None:
    """The dbt process that a run has started, when it has."""
    return next((pid for pid in family_of(process.pid) if "dbt_child" in command_of(pid)), None)


def family_of(ancestor: int) -> list[int]:
    """Every process below one, the nearest last; guards are left out."""
    parents = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError, IndexError):
            told = (folder / "stat").read_text().rpartition(")")[2].split()
            parents[int(folder.name)] = int(told[1])

    def is_below(pid: int) -> bool:
        return pid == ancestor or (pid in parents and is_below(parents[pid]))

    found = [pid for pid in parents if pid != ancestor and is_below(pid)]
    return [pid for pid in found if "processes.py" not in command_of(pid)]


def command_of(pid: int) -> str:
    """What a process was started as; nothing once it has ended."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    return ""


def last_run(cli: CommandLine) -> dict[str, Any]:
    """The last run, as `status` tells it."""
    found: dict[str, Any] = cli.status()["last_run"]
    return found
