"""Stopping runs in the middle of a stage, and what they say of it."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.flows.conftest import CommandLine, against
from tests.servers import Sandbox, running_sandbox

if TYPE_CHECKING:
    import subprocess


Place = tuple[CommandLine, Sandbox]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A lake after one good day, and an account that has moved on since."""
    with running_sandbox(visitors=120, today="2026-01-10") as server:
        cli = against(server, tmp_path_factory.mktemp("isolation"))
        cli.succeed("run")
        server.advance(new=3, returning=0, hours=24)
        yield cli, server


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
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_text()
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        except (OSError, IndexError):
            continue
        if "flows.dbt_child" in command and parent == process.pid:
            return int(folder.name)
    return None


def last_run(cli: CommandLine) -> dict[str, Any]:
    """The last run, as `status` tells it."""
    found: dict[str, Any] = cli.status()["last_run"]
    return found
