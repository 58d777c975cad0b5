"""A running `wistia-elt up`, and what may be asked of it."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.support.commands.command_line import COMMAND, CommandLine, against
from tests.support.commands.stopping import wait_for
from tests.support.machine.servers import Sandbox, running_sandbox

World = tuple[CommandLine, Sandbox]


@dataclass
class Up:
    """A running `up` with its Prefect and its pages."""

    cli: CommandLine
    process: subprocess.Popen[str]
    api: str
    pages: str
    home: Path

    def ask(self, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401
        name, _, password = (self.home / "up.auth").read_text().split("\n")[0].partition(":")
        for _ in range(5):
            answer = requests.request(
                method, self.api + path, json=body, auth=(name, password), timeout=60
            )
            # Its database was locked for a moment; Prefect's own client asks again too.
            if answer.status_code != 503:
                break
            time.sleep(1)
        assert answer.ok, answer.text
        return answer.json() if answer.content else None

    def deployment(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = self.ask("GET", f"/deployments/name/{name}/{name}")
        return found

    def start(self, name: str, at: datetime | None = None) -> str:
        state = {"type": "SCHEDULED"}
        if at is not None:
            state["state_details"] = {"scheduled_time": at.isoformat()}  # type: ignore[assignment]
        path = f"/deployments/{self.deployment(name)['id']}/create_flow_run"
        return str(self.ask("POST", path, {"state": state})["id"])

    def run(self, run_id: str) -> dict[str, Any]:
        found: dict[str, Any] = self.ask("GET", f"/flow_runs/{run_id}")
        return found

    @contextmanager
    def held(self, run_id: str) -> Iterator[None]:
        """Let a running run stand still, so that it does not end meanwhile."""
        pid = int(self.run(run_id)["infrastructure_pid"])
        os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(pid, signal.SIGCONT)

    def state(self, run_id: str) -> str:
        return str(self.run(run_id)["state_type"])

    def wait(self, run_id: str, *states: str) -> str:
        return str(until(lambda: self.state(run_id) if self.state(run_id) in states else None))


def until(look: Callable[[], Any], seconds: float = 600) -> Any:  # noqa: ANN401
    """`wait_for`, at the pace of a server that others use too."""
    return wait_for(look, seconds, pause=0.5)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start_up(cli: CommandLine) -> Up:
    """Start `up` and return when it says that all is there; `up.log` has what it says after."""
    home, log = cli.folder / "prefect", cli.folder / "up.log"
    with log.open("w") as file:
        process = subprocess.Popen(
            [str(COMMAND), "up"],
            cwd=cli.folder,
            env=cli.environment(),
            stdout=file,
            stderr=file,
            text=True,
        )
    until(lambda: "Ctrl-C" in log.read_text() or process.poll() is not None or None, 600)
    assert process.poll() is None, log.read_text()
    port = cli.settings["PREFECT_SERVER_API_PORT"]
    pages = f"http://127.0.0.1:{cli.settings['SERVE_PORT']}"
    return Up(cli, process, f"http://127.0.0.1:{port}/api", pages, home)


@contextmanager
def account_for_up(folder: Path, **settings: str) -> Iterator[World]:
    """An account of 300 visitors, and where `up` is to run for it."""
    with running_sandbox(visitors=300, today="2026-01-10") as server:
        cli = against(server, folder)
        cli.settings |= {"PREFECT_HOME": str(cli.folder / "prefect"), **settings} | ports()
        yield cli, server


@pytest.fixture(scope="module")
def up(world: World) -> Iterator[Up]:
    """`up` at work in the world that the module makes."""
    found = start_up(world[0])
    try:
        yield found
    finally:
        # A test may have replaced the process by another of the same place.
        stop(found)


def stop(up: Up) -> None:
    """End it as a service manager does; nothing may be left."""
    up.process.terminate()
    up.process.wait(timeout=90)
    assert processes_of(up.home) == {}


def processes_of(home: Path) -> dict[int, str]:
    """Every process that was started with this PREFECT_HOME, with its command."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            environment = (folder / "environ").read_bytes()
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
        if f"PREFECT_HOME={home}".encode() in environment.split(b"\0") and command:
            found[int(folder.name)] = command
    return found


def ports() -> dict[str, str]:
    """Settings of free ports for the server and the pages."""
    return {"PREFECT_SERVER_API_PORT": str(free_port()), "SERVE_PORT": str(free_port())}
