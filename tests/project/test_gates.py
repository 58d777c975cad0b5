"""The two commands and the gates behind them keep what they promise."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from itertools import accumulate
from pathlib import Path

import pytest
import yaml

from tests.support.machine.checkout import tracked
from tests.support.machine.servers import ROOT

SKIPPING = {
    "test_call": "import pytest\ndef test_x(): pytest.skip('no such tool')\n",
    "test_mark": "import pytest\n@pytest.mark.skip('no such tool')\ndef test_x(): pass\n",
    "test_module": "import pytest\npytest.importorskip('no_such_tool')\ndef test_x(): pass\n",
}
# What no clone can bring.
EXCUSED = {
    "test_specification": "import pytest\ndef test_x(): pytest.skip('no WISTIA_OPENAPI_DIR')\n",
    "test_mount": "import pytest\ndef test_x(): pytest.skip('mounting needs root')\n",
}


def run_pytest(
    folder: Path, files: dict[str, str], *flags: str, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run tests below the project's own conftest, and beside none of its others."""
    shutil.copy(ROOT / "tests" / "conftest.py", folder)
    for name, body in files.items():
        (folder / f"{name}.py").write_text(body)
    clean = {name: value for name, value in os.environ.items() if name != "CI"}
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-rA", "-p", "no:cacheprovider", *flags, str(folder)],
        env={**clean, "PYTHONPATH": str(ROOT), **environment},
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


SOURCES = {
    # What a source of advisories says of the package whose faults everybody knows, and of ours.
    "not audited": ("echo no known vulnerabilities", "echo no known vulnerabilities"),
    "none known": ("echo jinja2 lodash PYSEC-1; exit 1", "echo nothing"),
    "ADVISORIES": ("echo jinja2 lodash PYSEC-1; exit 1", "echo ours GHSA-1; exit 1"),
}


@pytest.mark.parametrize("verdict", SOURCES)
def test_a_source_that_knows_no_advisory_is_not_believed(tmp_path: Path, verdict: str) -> None:
    canary, ours = SOURCES[verdict]
    for tool in ("uv", "npm"):
        script = f'#!/bin/bash\ncase "$*" in *canary*) {canary};; *) {ours};; esac\n'
        (tmp_path / tool).write_text(script)
        (tmp_path / tool).chmod(0o755)
    done = subprocess.run(
        ["bash", ".ci/audit"],
        cwd=ROOT,
        env={**os.environ, "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=True,
    )
    lines = done.stdout.splitlines()
    assert sum(line.startswith(verdict) for line in lines) == 2
    assert ("ours GHSA-1" in lines) is (verdict == "ADVISORIES")


def test_every_action_of_the_workflows_is_one_commit() -> None:
    # A tag can be moved to other code; a commit cannot. The comment says which version it is.
    used = [
        line.partition("uses:")[2].strip()
        for path in sorted((ROOT / ".github/workflows").glob("*.yml"))
        for line in path.read_text(encoding="utf-8").splitlines()
        if "uses:" in line
    ]
    assert used
    assert [use for use in used if not re.fullmatch(r"[\w/-]+@[0-9a-f]{40} # v[\d.]+", use)] == []


def test_a_skip_fails_where_ci_is_set_but_for_what_no_clone_can_bring(tmp_path: Path) -> None:
    done = run_pytest(tmp_path, SKIPPING | EXCUSED, "--continue-on-collection-errors", CI="true")
    assert done.returncode != 0
    assert done.stdout.count("nothing may be skipped") >= len(SKIPPING)
    outcomes = re.findall(r"^(FAILED|ERROR) (\w+)\.py", done.stdout, re.MULTILINE)
    assert {name for _, name in outcomes} == set(SKIPPING)


def test_a_skip_is_said_with_its_reason_elsewhere(tmp_path: Path) -> None:
    done = run_pytest(tmp_path, {**SKIPPING, "test_good": "def test_y(): pass\n"})
    assert done.returncode == 0
    assert "skipped 2: no such tool\n" in done.stdout
    assert "skipped 1: could not import 'no_such_tool'" in done.stdout


def test_a_missing_python_is_said_with_its_remedy(tmp_path: Path) -> None:
    done = subprocess.run(
        ["make", f"VENV={tmp_path}/venv", "PYTHON=/no/python3.12", "test"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    error, remedy, *_ = done.stderr.splitlines()
    assert error == "error: PYTHON is /no/python3.12, which is no Python 3.11, 3.12 or 3.13", (
        done.stderr
    )
    assert remedy.startswith("try: install one")


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    """A folder of every tool that the gates call; each says its name, and what it was given."""
    tracked()  # the gates go over what git lists
    folder = tmp_path / "tools"
    folder.mkdir()
    names = ("ruff", "mypy", "lint-imports", "deptry", "sqlfluff", "codespell", "pytest")
    for tool in (*names, "terraform", "uv", "detect-secrets-hook"):
        given = f'printf "%s\\n" "$@" >"{folder}/{tool}.given"'
        (folder / tool).write_text(f"#!/bin/sh\necho said by {tool}\n{given}\n")
        (folder / tool).chmod(0o755)
    return folder


def run_check(folder: Path, tools: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", ".ci/check"],
        cwd=folder,
        env={**os.environ, "PATH": f"{tools}:{os.environ['PATH']}", **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_failed_gate_fails_the_check_and_is_named(tools: Path) -> None:
    for tool in ("mypy", "codespell"):
        with (tools / tool).open("a") as file:
            file.write("exit 1\n")
    done = run_check(ROOT, tools)
    assert done.returncode == 1
    assert done.stdout.endswith("failed: python: types\nfailed: all: spelling\n")
    assert "said by mypy" in done.stdout
    assert "said by ruff" not in done.stdout


def test_gates_run_two_at_a_time_and_are_told_in_their_order(tools: Path) -> None:
    log = tools / "log"
    for tool in ("mypy", "lint-imports", "deptry", "sqlfluff"):
        script = f"#!/bin/sh\necho + >>{log}\nsleep 0.3\necho - >>{log}\n"
        (tools / tool).write_text(script)
    done = run_check(ROOT, tools)
    assert done.returncode == 0
    told = [line.split(maxsplit=1)[1][:14].strip() for line in done.stdout.splitlines()[:6]]
    assert told[:3] == ["python: lint", "python: format", "python: types"]
    assert told[5] == "sql: lint"
    at_once = list(accumulate(1 if sign == "+" else -1 for sign in log.read_text().split()))
    assert max(at_once) == 2


def test_a_gate_that_is_killed_has_not_held(tools: Path) -> None:
    # Its own process group, as out of memory would end it: it says nothing any more.
    (tools / "deptry").write_text("#!/bin/sh\nkill -9 $PPID\n")
    done = run_check(ROOT, tools)
    assert done.returncode == 1
    assert done.stdout.endswith("failed: python: dependencies used and declared\n")


@pytest.mark.parametrize(("ci", "code"), [("", 0), ("true", 1)])
def test_a_missing_tool_is_told_and_fails_in_ci_alone(tools: Path, ci: str, code: int) -> None:
    (tools / "terraform").unlink()
    path = f"{tools}:{needed(tools)}"
    done = run_check(ROOT, tools, PATH=path, CI=ci)
    assert done.returncode == code
    assert done.stdout.count("there is no terraform on PATH") == 3
    assert done.stdout.count("skipped ") == (0 if ci else 3)


def needed(tools: Path) -> Path:
    """What the script itself needs, and none of the machine's other tools."""
    folder = tools / "needed"
    folder.mkdir()
    tools_of_every_machine = (
        "bash cat cp dirname git grep mkdir mktemp mv rm sed sh sleep timeout touch wc xargs"
    )
    for name in tools_of_every_machine.split():
        (folder / name).symlink_to(str(shutil.which(name)))
    return folder


def test_a_source_without_its_history_is_checked_whole(tools: Path, tmp_path: Path) -> None:
    source = tmp_path / "source"
    for name in tracked():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, source / name)

    refused = run_check(source, tools)
    assert refused.returncode == 2
    assert "try: clone the project, or let git list what lies here" in refused.stderr
    assert list(tools.glob("*.given")) == []

    phases = yaml.safe_load((source / "infra/buildspec.yml").read_text())["phases"]
    for command in phases["pre_build"]["commands"]:
        # The release's place is the build machine's.
        here = command.replace("/tmp/release.zip", f"{tmp_path}/release.zip")  # noqa: S108
        if not command.startswith("zip") or shutil.which("zip"):
            subprocess.run(["bash", "-c", here], cwd=source, check=True)

    done = run_check(source, tools)
    assert done.returncode == 0, done.stdout
    spelled = set((tools / "codespell.given").read_text().splitlines())
    assert set(tracked()) - spelled == {"requirements.lock", "reports/site/package-lock.json"}
    if shutil.which("zip"):
        with zipfile.ZipFile(tmp_path / "release.zip") as release:
            assert {one for one in release.namelist() if one[-1] != "/"} == set(tracked())


def test_the_workflow_runs_the_same_commands() -> None:
    workflow = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text())
    steps = [step.get("run") for job in workflow["jobs"].values() for step in job["steps"]]
    commands = [step for step in steps if step]
    # `make test` never downloads the engine of the local Athena.
    engine = "make .venv/.ready && .venv/bin/wistia-elt sandbox athena --install"
    assert commands == [engine, "make check", "make test"]
    script = (ROOT / ".ci/run").read_text()
    assert all(f"\n{command}" in script for command in commands)
    assert workflow["permissions"] == {"contents": "read"}


def test_every_package_is_under_types_and_the_layer_law() -> None:
    tools = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]
    packages = {name.split("/")[0] for name in tracked() if name.endswith("/__init__.py")}
    assert packages == set(tools["importlinter"]["root_packages"])
    assert packages | {"tests"} == set(tools["mypy"]["files"])
