"""The latest code, an older version, and what is refused."""

import subprocess
import zipfile
from pathlib import Path

import pytest

from flows.releases.deploy import make_release_of, pull
from flows.releases.store import open_location
from ingestion.config.errors import DeliveryError
from reports.processes import run_command


def git(folder: Path, *arguments: str) -> str:
    who = ("-c", "user.name=t", "-c", "user.email=t@example.com")
    command = ["git", *who, *arguments]
    return subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=True
    ).stdout.strip()


def commit(folder: Path, text: str) -> str:
    (folder / "code.txt").write_text(text)
    (folder / "requirements.lock").write_text("")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", text)
    return git(folder, "rev-parse", "HEAD")


@pytest.fixture
def origin(tmp_path: Path) -> Path:
    folder = tmp_path / "origin"
    folder.mkdir()
    git(folder, "init", "--quiet", "--initial-branch", "main")
    commit(folder, "first")
    return folder


@pytest.fixture
def machine(origin: Path, tmp_path: Path) -> Path:
    git(tmp_path, "clone", "--quiet", str(origin), "machine")
    return tmp_path / "machine"


def code(machine: Path) -> str:
    return (machine / "code.txt").read_text()


def test_the_latest_comes_and_an_older_version_comes_back(origin: Path, machine: Path) -> None:
    first = git(origin, "rev-parse", "HEAD")
    commit(origin, "second")

    pull(machine, "latest")
    assert code(machine) == "second"
    pull(machine, first)
    assert code(machine) == "first"
    commit(origin, "third")
    pull(machine, "latest")
    assert code(machine) == "third"


def test_a_change_made_on_the_machine_is_not_thrown_away(origin: Path, machine: Path) -> None:
    commit(origin, "second")
    (machine / "code.txt").write_text("mended by hand")

    with pytest.raises(DeliveryError, match=r"code\.txt was changed on this machine"):
        pull(machine, "latest")
    assert code(machine) == "mended by hand"


def test_an_unknown_version_and_no_checkout_are_said(machine: Path, tmp_path: Path) -> None:
    with pytest.raises(DeliveryError, match="git checkout failed"):
        pull(machine, "v99")
    assert code(machine) == "first"
    (tmp_path / "empty").mkdir()
    with pytest.raises(DeliveryError, match="is no git checkout"):
        pull(tmp_path / "empty", "latest")


def test_a_release_holds_what_is_committed_and_nothing_else(origin: Path, tmp_path: Path) -> None:
    location = open_location(str(tmp_path / "releases"))
    (origin / "stray.txt").touch()

    version = make_release_of(origin, location)

    assert version == git(origin, "rev-parse", "HEAD")
    assert [one.version for one in location.find()] == [version]
    with zipfile.ZipFile(tmp_path / "releases" / f"{version}.zip") as file:
        assert sorted(file.namelist()) == ["code.txt", "requirements.lock"]
    (origin / "code.txt").write_text("not committed")
    with pytest.raises(DeliveryError, match=r"code\.txt was changed on this machine"):
        make_release_of(origin, location)


def test_of_a_long_complaint_the_end_is_told_in_whole_words(tmp_path: Path) -> None:
    ended = run_command(tmp_path, "sh", "-c", "seq 10000 20000 >&2; exit 3")

    assert ended.code == 3
    assert ended.failure is not None
    begun, *words = ended.failure.split()
    assert (begun, words) == ("…", [str(20_001 - left) for left in range(len(words), 0, -1)])
    assert len(words) > 50
    assert run_command(tmp_path, "sh", "-c", "echo no >&2; exit 1").failure == "no"
