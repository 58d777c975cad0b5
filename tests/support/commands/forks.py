"""Commands of Python that begin where their imports end.

Each is a fork of one process that has imported what commands import: with a number, an
environment, a folder and a death of its own, as any other process, and a second of imports
sooner. What must be shown of the command itself is shown by running it.
"""

import atexit
import importlib
import json
import os
import runpy
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[3]
IMPORTED = ("flows.cli.run", "ingestion.__main__", "ingestion.storage.s3", "botocore.httpsession")


def run(
    command: str, arguments: Sequence[str], environment: Mapping[str, str], folder: Path
) -> subprocess.CompletedProcess[str]:
    """Run `python -m module`, or call `module:function`; returns what subprocess would.

    Args:
        command: The module, or its function that a command of pyproject.toml calls.
        arguments: What stands behind it.
        environment: All of it.
        folder: Where it runs.
    """
    with tempfile.TemporaryDirectory() as said:
        order = {
            "command": command,
            "arguments": list(arguments),
            "environment": dict(environment),
            "folder": str(folder),
            "said": said,
        }
        server = _server()
        assert server.stdin is not None
        assert server.stdout is not None
        server.stdin.write(json.dumps(order) + "\n")
        server.stdin.flush()
        answer = server.stdout.readline()
        assert answer, "the process that is forked has died"
        out, err = ((Path(said) / name).read_text() for name in ("out", "err"))
    return subprocess.CompletedProcess([command, *arguments], int(answer), out, err)


@cache
def _server() -> subprocess.Popen[str]:
    server = subprocess.Popen(
        [sys.executable, "-m", "tests.support.commands.forks"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    atexit.register(server.communicate)
    return server


def _serve() -> None:
    for name in IMPORTED:
        importlib.import_module(name)
    while line := sys.stdin.readline():
        order = json.loads(line)
        child = os.fork()
        if child == 0:
            _become(**order)
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)  # noqa: T201 - the answer


def _become(
    command: str, arguments: list[str], environment: dict[str, str], folder: str, said: str
) -> None:
    code = 1
    try:
        for number, name in enumerate(("out", "err"), start=1):
            os.dup2(os.open(f"{said}/{name}", os.O_WRONLY | os.O_CREAT), number)
        os.environ.clear()
        os.environ.update(environment)
        os.chdir(folder)
        module, _, function = command.partition(":")
        sys.argv = [command, *arguments]
        if function:
            getattr(importlib.import_module(module), function)()
        else:
            runpy.run_module(module, run_name="__main__", alter_sys=True)
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:  # noqa: BLE001 - as the interpreter does
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    _serve()
