"""`wistia-elt up`: the schedule behind a password, a run over REST, a kill that heals.

`tests/soak/check_up.py` has the button in a browser and a machine that was off.
"""

import json
import os
import shlex
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from flows.up.run import look_after
from tests.support.commands.command_line import CommandLine
from tests.support.commands.doors import knock, listening
from tests.support.commands.running_up import (
    Up,
    World,
    account_for_up,
    ports,
    processes_of,
    until,
    up,
)
from tests.support.commands.stopping import hang_the_api, wait_for, wait_until_it_hangs

__all__ = ["up"]  # the fixture beside it
PORTS = ("PREFECT_SERVER_API_PORT", "SERVE_PORT")
WORDS = "turn the wheel slowly"  # long enough to be no weak password


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("up")
    with account_for_up(folder, OPERATIONS_PASSWORD=WORDS) as made:
        yield made


def test_one_command_plans_every_deployment_behind_a_password(up: Up) -> None:
    crons = {
        name: [s["schedule"]["cron"] for s in up.deployment(name)["schedules"]]
        for name in ("daily", "reconcile", "maintenance", "deploy")
    }

    assert crons == {
        "daily": ["54 7 * * *"],
        "reconcile": ["54 3 * * 0"],
        "maintenance": ["54 5 * * 0"],
        "deploy": [],
    }
    options = [up.deployment(name)["concurrency_options"] for name in crons]
    assert {one["collision_strategy"] for one in options} == {"CANCEL_NEW"}
    wanted = {"state": {"type": {"any_": ["SCHEDULED"]}}}
    deployment = {"name": {"any_": ["daily"]}}
    planned = until(
        lambda: (
            up.ask("POST", "/flow_runs/filter", {"flow_runs": wanted, "deployments": deployment})
            or None
        )
    )
    assert {run["expected_start_time"][11:16] for run in planned} == {"07:54"}

    assert (up.home / "up.auth").stat().st_mode & 0o777 == 0o600


def test_whatever_a_look_meets_what_is_looked_after_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("flows.up.run._LOOK_SECONDS", 0)
    monkeypatch.setattr("flows.up.run._REAP_SECONDS", 0)
    met = [KeyError("state"), OSError(11, "Resource temporarily unavailable"), KeyboardInterrupt()]
    said: list[str] = []

    def look() -> list[str]:
        raise met.pop(0)

    with pytest.raises(KeyboardInterrupt):
        look_after([], look, said.append)

    assert said == [
        "warning: KeyError: 'state'",
        "warning: BlockingIOError: [Errno 11] Resource temporarily unavailable",
    ]


def test_no_socket_answers_without_the_secret(up: Up, world: World) -> None:
    family = [up.process.pid, *processes_of(up.home)]
    found = listening(family)
    ours = {f"127.0.0.1:{world[0].settings[name]}" for name in PORTS}
    # The worker has one for Prefect's cancellations, which asks for a token in its first line.
    assert ours <= found
    assert {address.rpartition(":")[0] for address in found} == {"127.0.0.1"}

    answers = knock(found)

    pages = f"127.0.0.1:{world[0].settings['SERVE_PORT']}"
    told = {answer.status for answer in answers if answer.address != pages}
    # Nothing at all, or that a password is needed.
    assert not {status for status in told if status.isdecimal()} - {"401"}
    assert {answer.allows for answer in answers} == {"-"}


def test_each_process_has_the_secrets_it_needs_and_no_others(up: Up) -> None:
    secret = ("WISTIA_API_TOKEN=", "OPERATIONS_PASSWORD=", "PREFECT_API_AUTH_STRING=")
    held = {}
    for pid, command in processes_of(up.home).items():
        told = Path(f"/proc/{pid}/environ").read_text().split("\0")
        names = {name for name in secret if any(one.startswith(name) for one in told)}
        for part in ("flows.up.prefect.server", "worker start", "flows.up.pages"):
            if part in command and "processes.py" not in command:
                held[part] = {name.removesuffix("=") for name in names}

    assert held == {
        "flows.up.prefect.server": {"PREFECT_API_AUTH_STRING"},
        "worker start": {"PREFECT_API_AUTH_STRING", "WISTIA_API_TOKEN"},
        "flows.up.pages": {"PREFECT_API_AUTH_STRING", "OPERATIONS_PASSWORD"},
    }


def test_a_run_that_asks_nothing_of_wistia_is_given_no_token(up: Up) -> None:
    def environment() -> list[str] | None:
        for pid, command in processes_of(up.home).items():
            if "prefect.engine" in command:
                with suppress(OSError):
                    return Path(f"/proc/{pid}/environ").read_text().split("\0")
        return None

    run = up.start("maintenance")
    told = until(environment)

    assert up.wait(run, "COMPLETED", "FAILED", "CRASHED") == "COMPLETED"
    assert any(one.startswith("PREFECT__FLOW_RUN_ID=") for one in told)
    held = dict(one.partition("=")[::2] for one in told)
    assert not held.get("WISTIA_API_TOKEN")
    assert "OPERATIONS_PASSWORD" not in held


@pytest.mark.parametrize("name", ["PREFECT_SERVER_API_PORT", "SERVE_PORT"])
def test_a_stranger_at_a_port_is_refused_before_anything_is_sent(tmp_path: Path, name: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as stranger:
        taken = str(stranger.getsockname()[1])
        cli = CommandLine(tmp_path, ports() | {"PREFECT_HOME": str(tmp_path / "prefect")})
        done = cli.run("up", **{name: taken})
        stranger.settimeout(0)
        with pytest.raises(BlockingIOError):
            stranger.accept()

    assert done.returncode == 2
    assert f"127.0.0.1:{taken}" in done.stderr
    assert f"try: set {name} to a free port" in done.stderr
    assert not (tmp_path / "prefect" / "up.auth").exists()


def test_a_home_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    home = tmp_path / "file" / "prefect"

    done = CommandLine(tmp_path, ports() | {"PREFECT_HOME": str(home)}).run("up")

    assert done.returncode == 2
    assert f"PREFECT_HOME is {home}, which cannot be written: Not a directory" in done.stderr
    assert "try: set PREFECT_HOME to a folder of yours" in done.stderr


def test_while_the_server_is_started_again_nobody_can_take_its_place(up: Up, world: World) -> None:
    port = int(world[0].settings["PREFECT_SERVER_API_PORT"])
    (server,) = (
        pid
        for pid, command in processes_of(up.home).items()
        if "flows.up.prefect.server" in command and "processes.py" not in command
    )
    os.kill(server, signal.SIGKILL)
    wait_for(lambda: not Path(f"/proc/{server}").exists())

    with socket.socket() as stranger:
        stranger.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with pytest.raises(OSError, match="in use"):
            stranger.bind(("127.0.0.1", port))

    until(lambda: up.ask("GET", "/health"))


def test_deployments_are_registered_again_from_a_terminal_beside_it(up: Up, tmp_path: Path) -> None:
    daily = up.deployment("daily")
    up.ask("DELETE", f"/deployments/{daily['id']}/schedules/{daily['schedules'][0]['id']}")

    launcher = tmp_path / "a path [with] signs" / "python"
    launcher.parent.mkdir()
    launcher.write_text(f"#!/bin/sh\nexec '{sys.executable}' \"$@\"\n")
    launcher.chmod(0o755)
    command = [sys.executable, "-m", "flows.up.prefect.registration"]
    done = subprocess.run(
        command,
        env=up.cli.environment(CODE_URI="releases", RELEASELAUNCHER=str(launcher)),
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )

    assert done.returncode == 0, done.stderr
    daily = up.deployment("daily")
    assert [one["schedule"]["cron"] for one in daily["schedules"]] == ["54 7 * * *"]
    # Where code comes as releases, a run is started by what looks for them.
    launch = shlex.split(daily["job_variables"]["command"])
    assert launch == [str(launcher), "-m", "flows.up.prefect.launch"]


def test_a_run_over_rest_completes_and_a_second_meanwhile_is_refused(up: Up) -> None:
    first = up.start("daily")
    up.wait(first, "RUNNING")
    with up.held(first):
        second = up.start("daily")
        assert up.wait(second, "CANCELLED", "COMPLETED", "FAILED") == "CANCELLED"

    assert up.wait(first, "COMPLETED", "FAILED", "CRASHED") == "COMPLETED"
    status = up.cli.status()
    assert status["tables"]["silver.fact_visitors"] == 300
    assert status["last_run"]["state"] == "completed"
    shown = up.ask("POST", "/artifacts/filter", {})
    assert [artifact["key"] for artifact in shown] == ["summary"]
    assert "300 new visitors, 0 returning" in shown[0]["data"]


def test_the_worker_logs_json_and_prefect_has_the_lines_of_the_run(up: Up) -> None:
    run_id = up.cli.status()["last_run"]["run_id"]
    said = (up.cli.folder / "up.log").read_text().partition("Ctrl-C stops it all")[2]

    lines = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
    assert ("build", "stage ended") in {
        (line["stage"], line["message"]) for line in lines if line["run_id"] == run_id
    }
    # Prefect's own lines are of the same form.
    assert [line for line in lines if line["logger"].startswith("prefect.")]
    kept = until(
        lambda: (
            [
                one
                for one in up.ask("POST", "/logs/filter", {"limit": 200})
                if one["name"].startswith("ingestion.")
            ]
            or None
        )
    )
    assert "stage ended" in {one["message"] for one in kept}


def test_after_a_kill_the_dead_run_is_marked_and_the_next_one_heals(up: Up, world: World) -> None:
    server = world[1]
    server.advance(new=4, returning=0, hours=24)
    before = up.cli.tables()
    hang_the_api(server)
    dead = up.start("daily")
    wait_until_it_hangs(server)
    pid = int(up.run(dead)["infrastructure_pid"])
    workers = [
        pid
        for pid, command in processes_of(up.home).items()
        if "worker start" in command and "processes.py" not in command
    ]
    for one in (*workers, pid):
        os.kill(one, signal.SIGKILL)
    server.control("DELETE", "faults")

    assert up.wait(dead, "CRASHED", "COMPLETED", "FAILED") == "CRASHED"
    until(lambda: up.cli.status()["last_run"]["state"] == "crashed" or None)
    assert up.cli.tables() == before

    healed = up.start("daily")
    assert up.wait(healed, "COMPLETED", "CANCELLED", "FAILED", "CRASHED") == "COMPLETED"
    assert up.cli.status()["tables"]["silver.fact_visitors"] == 304


def test_only_one_is_at_work_in_a_place(up: Up) -> None:
    second = up.cli.run("up")

    assert second.returncode == 1
    assert "another `wistia-elt up` is at work" in second.stderr
    assert "try: use that one" in second.stderr


DAMAGE: dict[str, tuple[str, str, dict[str, str], str, str]] = {
    "database": ("up/prefect.db", "no database " * 999, {}, "is not a database", "up/prefect.db"),
    "profiles": ("profiles.toml", "garbage [[", {}, "TOMLDecodeError", "profiles.toml"),
    "variable": (
        *("note", ""),
        {"PREFECT_API_REQUEST_TIMEOUT": "soon"},
        "request_timeout Input should be a valid number",
        "unset the variable PREFECT_…",
    ),
}


@pytest.mark.parametrize(("file", "text", "more", "said", "remedy"), DAMAGE.values(), ids=DAMAGE)
def test_a_prefect_that_cannot_start_says_why(  # noqa: PLR0913, PLR0917 - what is broken, and said
    tmp_path: Path, file: str, text: str, more: dict[str, str], said: str, remedy: str
) -> None:
    home = tmp_path / "prefect"
    (home / file).parent.mkdir(parents=True)
    (home / file).write_text(text)
    settings = {"PREFECT_HOME": str(home), **dict.fromkeys(PORTS, "0"), **more}

    done = CommandLine(tmp_path).run("up", **settings)

    assert done.returncode == 1
    error, tried = done.stderr.strip().splitlines()[-2:]
    assert error.startswith("error: Prefect's server did not start at ")
    assert said in error
    assert remedy in tried
