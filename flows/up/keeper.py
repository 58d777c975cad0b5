"""`python -m flows.up.keeper …`: a command that ends when the one who started it does.

Its standard input is a pipe that the parent holds open. However the parent ends, kill -9
included, the pipe closes: no server stays behind that holds a port, no worker that nobody
watches.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import FrameType

_STANDARD_INPUT = 0
_GRACE_SECONDS = 20


def main() -> None:
    """Run this process's arguments as a command, in a process group of its own."""
    with (
        subprocess.Popen(  # noqa: S603 - our own commands
            sys.argv[1:], stdin=subprocess.DEVNULL, start_new_session=True
        ) as child
    ):

        def pass_on(number: int, _frame: FrameType | None) -> None:
            child.send_signal(number)

        signal.signal(signal.SIGTERM, pass_on)
        # Ctrl-C reaches the whole terminal: the parent decides what ends when.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        threading.Thread(target=_end_with_the_parent, args=(child,), daemon=True).start()
        code = child.wait()
    sys.exit(code if code >= 0 else 128 - code)


def _end_with_the_parent(child: subprocess.Popen[bytes]) -> None:
    while os.read(_STANDARD_INPUT, 1):
        continue
    child.terminate()
    with suppress(subprocess.TimeoutExpired):
        child.wait(_GRACE_SECONDS)
    with suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)


if __name__ == "__main__":
    main()
