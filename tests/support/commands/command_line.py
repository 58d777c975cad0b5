"""`wistia-elt` for tests: as a process of its own, or called in this one."""

import io
import json
import logging
import os
import signal
import subprocess
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from flows.cli.main import main
from ingestion.config import signals
from tests.support.machine.servers import Sandbox

COMMAND = Path(sys.executable).with_name("wistia-elt")


@dataclass
class CommandLine:
    """`wistia-elt` with settings of its own; the caller's are left out.

    A process costs a second or two of start: `run` and `start` are for what ends, hangs or is
    killed, and for what meets Prefect. Whatever else a command says and leaves, `call` shows.
    """

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
        ours = {"AS_OF_DATE": "2026-01-10", "XDG_STATE_HOME": str(self.folder / "home")}
        return {**kept, **ours, **self.settings, **extra}

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

    def call(
        self, *arguments: str, answer: str = "", **extra: str
    ) -> subprocess.CompletedProcess[str]:
        """`run` in this process; `answer` is what the user types.

        Not for what is stopped, a question that nobody answers included: that ends the process.
        """
        out, err = io.StringIO(), io.StringIO()
        with self._inside(arguments, answer, extra), redirect_stdout(out), redirect_stderr(err):
            try:
                main()
            except SystemExit as ended:
                code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
            except Exception:  # noqa: BLE001 - --debug lets it out, and Python shows it
                traceback.print_exc()
                code = 1
            else:
                code = 0
        return subprocess.CompletedProcess(arguments, code, out.getvalue(), err.getvalue())

    @contextmanager
    def _inside(
        self, arguments: tuple[str, ...], answer: str, extra: dict[str, str]
    ) -> Iterator[None]:
        """This process as a new one would be, and afterwards as it was."""
        folder, environment, typed = Path.cwd(), dict(os.environ), sys.stdin
        handlers, level, given = logging.root.handlers[:], logging.root.level, sys.argv
        mask = os.umask(0o022)
        # As if it listened to signals already: those of this process are pytest's.
        heard = signal.signal(signal.SIGTERM, signals._raise)
        try:
            os.chdir(self.folder)
            _replace_environment(self.environment(**extra))
            sys.argv, sys.stdin = [str(COMMAND), *arguments], io.StringIO(answer)
            logging.root.handlers[:] = []
            yield
        finally:
            signal.signal(signal.SIGTERM, heard)
            os.umask(mask)
            os.chdir(folder)
            _replace_environment(environment)
            sys.argv, sys.stdin = given, typed
            logging.root.handlers[:] = handlers
            logging.root.setLevel(level)

    def finish(self, *arguments: str) -> str:
        """`succeed`, however long a busy machine takes."""
        with self.start(*arguments) as process:
            out, err = process.communicate()
        assert process.returncode == 0, f"{arguments}: {process.returncode}\n{out}\n{err}"
        return out

    def succeed(self, *arguments: str, **extra: str) -> str:
        return _succeeded(self.run(*arguments, **extra))

    def output_of(self, *arguments: str, **extra: str) -> str:
        """What `call` printed, which succeeded."""
        return _succeeded(self.call(*arguments, **extra))

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
        found: dict[str, Any] = json.loads(self.output_of("status", "--json"))
        return found


def against(server: Sandbox, folder: Path, prefect: dict[str, str] | None = None) -> CommandLine:
    """The command line with these servers' settings, in this folder."""
    return CommandLine(folder, {**server.environment, **(prefect or {})})


def _replace_environment(environment: dict[str, str]) -> None:
    os.environ.clear()
    os.environ.update(environment)


def _succeeded(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 0, f"{done.args}: {done.returncode}\n{done.stdout}\n{done.stderr}"
    return str(done.stdout)
