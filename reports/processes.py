"""The process guard: a command whose whole family ends with whoever started it.

Node starts npx, npx a shell, the shell vite; Prefect's worker starts runs in sessions of their
own. Ending the first leaves the last at work. So a command is started by a guard, this file run
as a program. The guard's standard input is a pipe that the starter holds: when it closes, because
the starter gave up or died, kill -9 included, the family ends. The family is known by a mark in
its environment, whatever sessions and parents its members have. Should the guard itself be
killed, the kernel ends the command, and the starter the rest.

The program is run alone (`python -I -S`), so it imports nothing of ours.
"""

from __future__ import annotations

import ctypes
import os
import secrets
import signal
import subprocess
import sys
import threading
import time
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_MARK = "GUARDED_FAMILY"
_STANDARD_INPUT = 0
_DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG of prctl(2)
_AT_LEAST = 2.0  # seconds for a guard to end what it guards
_MOST_SAID = 400


class Guarded(AbstractContextManager["Guarded"]):
    """A command at work behind a guard; a block that it is the context of ends it.

    No shell reads its arguments. `grace` are the seconds between SIGTERM and SIGKILL at its end,
    `output` is where it writes to (a pipe when None, read as `lines`), `errors` where it complains
    to (beside its output by default), `passed` descriptors that it inherits under their numbers.
    """

    def __init__(  # noqa: PLR0913 - what a process is started with
        self,
        command: Sequence[str],
        folder: Path,
        environment: Mapping[str, str],
        *,
        grace: float = 0.0,
        output: IO[bytes] | int | None = None,
        errors: IO[bytes] | int | None = subprocess.STDOUT,
        passed: Sequence[int] = (),
    ) -> None:
        self._family = secrets.token_hex(16)
        self._grace = grace
        self.process = subprocess.Popen(  # noqa: S603 - our own interpreter
            [sys.executable, "-I", "-S", __file__, str(grace), *command],
            cwd=folder,
            env={**environment, _MARK: self._family},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE if output is None else output,
            stderr=errors,
            # Ctrl-C in a terminal is for the starter: it decides what ends when.
            start_new_session=True,
            pass_fds=tuple(passed),
            text=True,
            errors="replace",
        )
        self._watch = threading.Thread(target=self._clear, daemon=True)
        self._watch.start()

    def __exit__(self, *_: object) -> None:
        """End it."""
        self.end()

    def lines(self) -> IO[str]:
        """What it writes, line by line, until its family has ended."""
        if self.process.stdout is None:
            raise ValueError("its output goes elsewhere")
        return self.process.stdout

    @property
    def ended(self) -> int | None:
        """Its exit code, -9 when it was killed; None while it is at work."""
        return self.process.poll()

    def wait(self) -> int:
        """Wait for its end; gives its exit code."""
        code = self.process.wait()
        self._watch.join()
        return code

    def stop(self) -> None:
        """Let it begin to end: SIGTERM now, SIGKILL after its grace."""
        if self.process.stdin is not None:
            with suppress(OSError):
                self.process.stdin.close()

    def end(self) -> None:
        """End it and all its family, whatever state they are in."""
        self.stop()
        try:
            self.process.wait(self._grace + _AT_LEAST)
        except subprocess.TimeoutExpired:
            self.process.kill()
        self.wait()

    def _clear(self) -> None:
        self.process.wait()
        _kill_family(self._family)


class Ended(NamedTuple):
    """How a command ended: its exit code, what it printed, what it complained."""

    code: int
    output: str
    errors: str

    @property
    def failure(self) -> str | None:
        """Why it failed, on one line, the end of what it said; None when it ended well."""
        said = " ".join((self.errors or self.output).split()) or f"exit code {self.code}"
        # Programs say last why they failed; half a word would only puzzle.
        end = said if len(said) <= _MOST_SAID else f"… {said[-_MOST_SAID:].partition(' ')[2]}"
        return end if self.code else None


def run_command(folder: Path, *command: str, environment: Mapping[str, str] | None = None) -> Ended:
    """Run a program in a folder to its end, with nothing to read: git, make, Prefect's commands."""
    import tempfile  # noqa: PLC0415 - a guard needs none

    told = os.environ if environment is None else environment
    with tempfile.TemporaryFile() as complaints:
        with Guarded(command, folder, told, errors=complaints) as started:
            with started.lines() as lines:
                output = lines.read().strip()
            code = started.wait()
        complaints.seek(0)
        return Ended(code, output, complaints.read().decode(errors="replace"))


def _kill_family(family: str) -> None:
    # One that was being started while we looked is found by the next look.
    while found := list(_members(f"{_MARK}={family}".encode())):
        for pid in found:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.01)


def _members(mark: bytes) -> Iterator[int]:
    for process in Path("/proc").glob("[0-9]*"):
        # The environment is empty of one that has ended, and closed of another user's.
        with suppress(OSError):
            pid, environment = int(process.name), (process / "environ").read_bytes()
            if pid != os.getpid() and mark in environment.split(b"\0"):
                yield pid


def main() -> int:
    """Guard the command given as arguments; gives its exit code, 128 and more by a signal."""
    grace, *command = sys.argv[1:]
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
        # A handler and not SIG_IGN, which the command would inherit.
        signal.signal(number, lambda *_: None)
    child = subprocess.Popen(  # noqa: S603 - what our own code asks for
        command,
        stdin=subprocess.DEVNULL,
        close_fds=False,
        start_new_session=True,
        preexec_fn=_die_with_parent,  # noqa: PLW1509 - no thread runs yet
    )
    threading.Thread(target=_end_with_the_parent, args=(child, float(grace)), daemon=True).start()
    code = child.wait()
    # Whatever the command left behind would write where the next one reads.
    _clear_away(child.pid)
    return code if code >= 0 else 128 - code


def _die_with_parent() -> None:
    # Linux alone has it; elsewhere only a killed guard leaves its command behind.
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL)


def _end_with_the_parent(child: subprocess.Popen[bytes], grace: float) -> None:
    while os.read(_STANDARD_INPUT, 1):
        continue
    if grace:
        child.terminate()
        with suppress(subprocess.TimeoutExpired):
            child.wait(grace)
    _clear_away(child.pid)
    os._exit(128 + signal.SIGTERM)


def _clear_away(group: int) -> None:
    _kill_family(os.environ[_MARK])
    if not Path("/proc").exists():
        # All that is known there of a command's family is its group.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(group, signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main())
