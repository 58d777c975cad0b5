"""The lock: of this project, with every file's hash, and installed by pips as old as Debian's."""

import hashlib
import os
import re
import subprocess
import sys
import tomllib
import venv
import zipfile
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.support.machine.checkout import text_of

# Debian 12's pip; newer Pythons cannot run it, and came with this one at the oldest.
OLD_PIP = "23.0.1" if sys.version_info < (3, 12) else "23.2.1"


def test_the_lock_pins_hashes_and_names_no_index() -> None:
    lock = text_of("requirements.lock")
    assert re.findall(r"https?://\S+|^--\S+|^-[fi] .*", lock, re.MULTILINE) == []
    pins = re.findall(r"^([\w.-]+)(?:\[.*?\])?==", lock, re.MULTILINE)
    assert len(pins) > 100
    unhashed = re.findall(r"^[\w.-]+(?:\[.*?\])?==[^\\\n]*$", lock, re.MULTILINE)
    assert unhashed == []


def locked() -> dict[str, tuple[str, bool]]:
    """Version by package, and whether the project asked for it itself."""
    found: dict[str, tuple[str, bool]] = {}
    for block in re.split(r"\n(?=\w)", text_of("requirements.lock")):
        if match := re.match(r"([\w.-]+)(?:\[.*?\])?==([^\s;\\]+)", block):
            found[canonicalize_name(match[1])] = (match[2], "wistia-elt (pyproject.toml)" in block)
    return found


def asked() -> dict[str, Requirement]:
    project = tomllib.loads(text_of("pyproject.toml"))["project"]
    extras = project["optional-dependencies"].values()
    lines = [*project["dependencies"], *(line for extra in extras for line in extra)]
    return {canonicalize_name(Requirement(line).name): Requirement(line) for line in lines}


def test_the_lock_is_of_this_pyproject() -> None:
    pins, wanted = locked(), asked()
    assert {name for name, (_, ours) in pins.items() if ours} == set(wanted), "run `make lock`"
    unfit = {
        name: f"{pins[name][0]} is not {requirement.specifier}"
        for name, requirement in wanted.items()
        if not requirement.specifier.contains(pins[name][0])
    }
    assert unfit == {}, "run `make lock`"


@pytest.fixture(scope="module")
def old_pip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an old pip in it; once fetched it comes from uv's cache."""
    folder = tmp_path_factory.mktemp("pip")
    uv = str(Path(sys.executable).with_name("uv"))
    install = [uv, "pip", "install", "--quiet", "--no-deps", "--target", str(folder)]
    install.append(f"pip=={OLD_PIP}")
    tries = ([*install, "--offline"], install)
    if all(subprocess.run(one, capture_output=True, check=False).returncode for one in tries):
        pytest.skip(f"pip {OLD_PIP} is not in uv's cache, and no package registry answers")
    return folder


def write_wheel(folder: Path, name: str, version: str, needs: str) -> str:
    """A wheel that says what a package needs and holds nothing of it; its hash."""
    folder.mkdir(parents=True, exist_ok=True)
    stem = f"{name.replace('-', '_')}-{version}"
    wheel = folder / f"{stem}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr(f"{stem}.dist-info/METADATA", needs)
        archive.writestr(f"{stem}.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
    return hashlib.sha256(wheel.read_bytes()).hexdigest()


def write_index(index: Path) -> str:
    """An index of what is installed here, and the lock with the hashes that it has there.

    Of each package it has a newer version too, as an index comes to have: an old pip tries it
    before it finds that another is pinned.
    """
    hashes = {}
    for found in metadata.distributions():
        name = canonicalize_name(found.metadata["Name"])
        needs = found.read_text("METADATA") or ""
        hashes[name] = write_wheel(index / name, name, found.version, needs)
        newer = re.sub(r"^Version: .*", "Version: 9999", needs, count=1, flags=re.MULTILINE)
        write_wheel(index / name, name, "9999", newer)
        links = [f'<a href="{wheel.name}">{wheel.name}</a>' for wheel in (index / name).iterdir()]
        (index / name / "index.html").write_text("<!DOCTYPE html>" + "\n".join(links))

    def stubbed(block: str) -> str:
        name = canonicalize_name(re.split(r"[\[=]", block, maxsplit=1)[0])
        return re.sub(r"(?<=--hash=sha256:)\w+", lambda old: hashes.get(name, old[0]), block)

    return "\n".join(map(stubbed, re.split(r"\n(?=\w)", text_of("requirements.lock"))))


def test_an_old_pip_installs_the_lock_into_an_empty_environment(
    old_pip: Path, tmp_path: Path
) -> None:
    """Against an index of stubs: with the packages themselves it is half a gigabyte.

    With those the workflow of every night does it, on Debian 12.
    """
    (tmp_path / "lock").write_text(write_index(tmp_path / "index"))
    venv.create(tmp_path / "empty", with_pip=False)
    install = [str(tmp_path / "empty/bin/python"), "-m", "pip", "install", "--dry-run"]
    index = ["--index-url", (tmp_path / "index").as_uri()]
    alone = {"PATH": os.environ["PATH"], "PIP_CONFIG_FILE": os.devnull}
    done = subprocess.run(
        [*install, *index, "--require-hashes", "-r", "lock"],
        env={**alone, "PYTHONPATH": str(old_pip)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    planned = done.stdout.splitlines()[-1]
    assert planned.startswith("Would install ")
    assert "sqlalchemy-2" in planned.lower()
