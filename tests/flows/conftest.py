"""The command line against a running sandbox, in a folder of its own."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.prefect_server import running_prefect
from tests.servers import Sandbox, running_sandbox

COMMAND = Path(sys.executable).with_name("wistia-elt")


@dataclass
class CommandLine:
    """`wistia-elt` with settings of its own; the caller's are left out."""

    folder: Path
    settings: dict[str, str] = field(default_factory=dict)

    @property
    def lake(self) -> Path:
        return self.folder / "lake"

    def environment(self, **extra: str) -> dict[str, str]:
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("WISTIA_", "LAKE_", "PII_", "AS_OF_", "PREFECT_API_"))
        }
        return {**kept, "AS_OF_DATE": "2026-01-10", **self.settings, **extra}

    def start(self, *arguments: str, **extra: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [str(COMMAND), *arguments],
            cwd=self.folder,
            env=self.environment(**extra),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str, **extra: str) -> subprocess.CompletedProcess[str]:
        with self.start(*arguments, **extra) as process:
            out, err = process.communicate(timeout=900)
        return subprocess.CompletedProcess(arguments, process.returncode, out, err)

    def finish(self, *arguments: str) -> str:
        """`succeed`, however long a busy machine takes."""
        with self.start(*arguments) as process:
            out, err = process.communicate()
        assert process.returncode == 0, f"{arguments}: {process.returncode}\n{out}\n{err}"
        return out

    def succeed(self, *arguments: str, **extra: str) -> str:
        done = self.run(*arguments, **extra)
        assert done.returncode == 0, f"{arguments}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Ask the last good tables directly; `query` has tests of its own."""
        with duckdb.connect(str(self.lake / "warehouse.duckdb"), read_only=True) as connection:
            return connection.execute(sql).fetchall()

    def tables(self) -> dict[str, list[tuple[Any, ...]]]:
        """Every row of every table that a build makes, by name."""
        names = self.rows(
            "select table_schema || '.' || table_name from information_schema.tables "
            "where table_type = 'BASE TABLE' and table_schema in ('silver', 'gold', 'pages')"
        )
        return {name: self.rows(f"select * from {name} order by all") for (name,) in names}  # noqa: S608

    def status(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.succeed("status", "--json"))
        return found


@pytest.fixture(scope="session")
def prefect_settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The settings of one Prefect server for the session: its start takes half a minute."""
    with running_prefect(tmp_path_factory.mktemp("prefect")) as settings:
        yield settings


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with running_sandbox(visitors=300, today="2026-01-10") as server:
        yield server


def against(server: Sandbox, folder: Path, prefect: dict[str, str] | None = None) -> CommandLine:
    """The command line with these servers' settings, in this folder."""
    return CommandLine(folder, {**server.environment, **(prefect or {})})
