"""`pytest tests/soak/check_deployment.py`: Prefect's own commands, and releases that come and go.

The releases are this project's, each with an environment of its own.
"""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from tests.support.commands.command_line import CommandLine, against
from tests.support.commands.running_up import Up, ports, start_up, stop, until
from tests.support.machine.prefect_server import PREFECT
from tests.support.machine.servers import ROOT, running_sandbox

ENDED = {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"}


def prefect(*arguments: str, environment: dict[str, str]) -> None:
    done = subprocess.run(
        [str(PREFECT), "--no-prompt", *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@contextmanager
def worker(environment: dict[str, str], log: Path) -> Iterator[None]:
    command = [str(PREFECT), "worker", "start", "--pool", "wistia-elt", "--type", "process"]
    with (
        log.open("w") as file,
        subprocess.Popen(command, cwd=ROOT, env=environment, stdout=file, stderr=file) as process,
    ):
        try:
            yield
        finally:
            process.terminate()
            process.wait(timeout=60)


def test_prefects_own_commands_deploy_and_run(
    prefect_settings: dict[str, str], tmp_path: Path
) -> None:
    with running_sandbox(visitors=300, today="2026-01-10") as server:
        cli = against(server, tmp_path, prefect_settings)
        environment = cli.environment(LAKE_URI=str(cli.lake))
        url = prefect_settings["PREFECT_API_URL"]
        api = requests.Session()
        name, _, password = prefect_settings["PREFECT_API_AUTH_STRING"].partition(":")
        api.auth = name, password
        prefect("work-pool", "create", "wistia-elt", "--type", "process", environment=environment)
        prefect("deploy", "--all", environment=environment)
        daily = api.get(f"{url}/deployments/name/daily/daily", timeout=30).json()
        (schedule,) = daily["schedules"]
        assert schedule["schedule"]["cron"] == "54 7 * * *"
        assert daily["concurrency_options"]["collision_strategy"] == "CANCEL_NEW"

        with worker(environment, tmp_path / "worker.log"):
            order = f"{url}/deployments/{daily['id']}/create_flow_run"
            run = api.post(order, json={}, timeout=30).json()["id"]

            def ended() -> str | None:
                state = api.get(f"{url}/flow_runs/{run}", timeout=30).json()["state_type"]
                return str(state) if state in ENDED else None

            state = until(ended)

    assert state == "COMPLETED", (tmp_path / "worker.log").read_text()[-3000:]
    assert cli.status()["tables"]["silver.fact_visitors"] == 300


def git(folder: Path, *arguments: str) -> str:
    who = ("-c", "user.name=t", "-c", "user.email=t@example.com")
    done = subprocess.run(
        ["git", *who, *arguments], cwd=folder, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A checkout of the project as it lies here, with commits of its own."""
    folder = tmp_path / "project"
    tracked = git(ROOT, "ls-files", "--cached", "--others", "--exclude-standard").splitlines()
    for name in tracked:
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    git(folder, "init", "--quiet", "--initial-branch", "main")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "first")
    return folder


def publish(project: Path, cli: CommandLine) -> str:
    """Release what the checkout has committed."""
    command = (
        "from flows.cli.main import main; import sys; sys.argv = ['wistia-elt', 'release']; main()"
    )
    environment = {**cli.environment(), "PYTHONPATH": str(project)}
    python = str(PREFECT.with_name("python"))
    done = subprocess.run(
        [python, "-c", command],
        cwd=project,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return git(project, "rev-parse", "HEAD")


def run_daily(up: Up) -> tuple[str, str]:
    """How a run of the schedule's deployment ends, and the version that it records."""
    state = up.wait(up.start("daily"), *ENDED)
    return state, up.cli.status()["last_run"]["code_version"].partition("+g")[2]


def test_a_worker_runs_the_newest_release_and_a_bad_one_is_rolled_back(
    project: Path, tmp_path: Path
) -> None:
    with running_sandbox(visitors=300, today="2026-01-10") as server:
        cli = against(server, tmp_path)
        cli.settings |= {
            "PREFECT_HOME": str(tmp_path / "prefect"),
            "CODE_URI": str(tmp_path / "releases"),
        } | ports()
        first = publish(project, cli)
        up = start_up(cli)
        try:
            assert run_daily(up) == ("COMPLETED", first[:7])

            build = project / "flows" / "stages" / "build.py"
            build.write_text(f"{build.read_text()}\n\ndef build(*_, **__):\n    1 / 0\n")
            git(project, "commit", "--quiet", "--all", "--message", "bad")
            bad = publish(project, cli)
            assert run_daily(up) == ("FAILED", bad[:7])

            rolled_back = cli.succeed("deploy", first[:9])
            assert f"deployed: {first}; the next run runs it; it stays" in rolled_back
            assert run_daily(up) == ("COMPLETED", first[:7])
            assert "runs next, held" in cli.succeed("deploy", "--list")

            git(project, "revert", "--no-edit", "HEAD")
            mended = publish(project, cli)
            ended = up.wait(up.start("deploy"), *ENDED)
            assert ended == "COMPLETED"
            assert run_daily(up) == ("COMPLETED", mended[:7])
        finally:
            stop(up)
        told = cli.rows("select code_version from silver.fact_runs order by started_at")
        assert [version.partition("+g")[2] for (version,) in told] == [
            version[:7] for version in (first, bad, first, mended)
        ]
