"""Lakes with a name: each is made once for all tests of a session, on whichever process asks first.

Who only looks shares one, `lakes.shared(name)`; who changes something works in a copy,
`lakes.copy(name, folder)`. tests/README.md lists them.
"""

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from filelock import FileLock

from tests.support.commands.command_line import CommandLine, against
from tests.support.lakes.dbt_home import DbtHome
from tests.support.machine.servers import running_sandbox

# Of the account that the lakes are read from. The sandbox makes the same one every time: a copy
# goes on from another server of it.
VISITORS = 4_000
TODAY = "2026-01-10"
NEXT_DAY = {"new": 4, "returning": 20, "hours": 24}


@dataclass
class Lakes:
    """Every lake of the session, in a folder that its processes share."""

    root: Path
    seen: dict[str, dict[str, int]] = field(default_factory=dict)

    def shared(self, name: str) -> Path:
        """The folder with the lake `lake` in it, which nobody changes."""
        folder = self.root / name
        with FileLock(self.root / f"{name}.lock"):
            if not (folder / "made").exists():
                shutil.rmtree(folder, ignore_errors=True)
                folder.mkdir(parents=True)
                MAKERS[name](self, folder)
                (folder / "made").touch()
        self.seen.setdefault(name, files_in(folder))
        return folder

    def copy(self, name: str, folder: Path) -> Path:
        """A copy of it in `folder`; returns the folder."""
        shutil.copytree(self.shared(name) / "lake", folder / "lake")
        return folder

    def parse(self, folder: Path) -> Path:
        """Spare the first build of a new lake in `folder` five seconds; returns the folder."""
        (folder / "lake").mkdir(mode=0o700)
        shutil.copytree(self.shared("empty") / "lake" / ".dbt", folder / "lake" / ".dbt")
        return folder

    def assert_unchanged(self) -> None:
        """Nobody may have written into what is shared."""
        for name, files in self.seen.items():
            assert files_in(self.root / name) == files, f"a test has changed the lake {name!r}"


def files_in(folder: Path) -> dict[str, int]:
    """Every file below with its size; locks are not data."""
    return {
        str(path): path.stat().st_size
        for path in folder.rglob("*")
        if path.is_file() and ".locks" not in path.parts
    }


def make_parsed(_lakes: Lakes, folder: Path) -> None:
    """No lake yet: dbt's target folder, the project parsed in it as a `DbtHome` needs it."""
    done = DbtHome(folder, folder / "target").dbt("parse")
    assert done.returncode == 0, done.stdout + done.stderr
    (folder / "said").write_text(done.stdout)


def make_empty(_lakes: Lakes, folder: Path) -> None:
    """What a `build` makes of nothing."""
    (folder / "said").write_text(CommandLine(folder).output_of("build"))


def make_first_day(lakes: Lakes, folder: Path) -> None:
    """A `run` as a process, which would fail in any part that asks for Prefect."""
    (folder / "prefect.py").write_text("raise ImportError('a run by hand needs no Prefect')")
    with running_sandbox(visitors=VISITORS, today=TODAY) as server:
        against(server, lakes.parse(folder)).succeed("run", PYTHONPATH=str(folder))


def make_second_day(lakes: Lakes, folder: Path) -> None:
    """The first day, and a `run` as a process after four new visitors and twenty that returned."""
    with running_sandbox(visitors=VISITORS, today=TODAY) as server:
        server.advance(**NEXT_DAY)
        cli = against(server, lakes.copy("first day", folder))
        done = cli.run("--log-json", "run")
    assert done.returncode == 0, done.stderr
    (folder / "said").write_text(done.stdout)
    (folder / "log").write_text(done.stderr)


MAKERS: dict[str, Callable[[Lakes, Path], None]] = {
    "parsed": make_parsed,
    "empty": make_empty,
    "first day": make_first_day,
    "second day": make_second_day,
}


def session_lakes(factory: pytest.TempPathFactory) -> Lakes:
    """Where this session's lakes are: one folder, also for several processes."""
    base = factory.getbasetemp()
    root = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "lakes"
    root.mkdir(exist_ok=True)
    return Lakes(root)
