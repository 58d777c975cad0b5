"""What ends a command from outside: Ctrl-C, SIGTERM, a terminal that closes.

The first signal becomes an exception in the main thread, so that what is at work records how it
ended and gives back what it holds. Whatever it waits for, a page that does not come or a query
in C, it has a few seconds: then the process is gone. What it leaves is what a kill would leave:
its children end with it, the kernel gives its locks back, and the next command mends the rest.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

INTERRUPTED = 128 + signal.SIGINT
# Ctrl-C ends any command within five seconds, and a process needs a moment to go.
_SECONDS = 4.0
_FATAL = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class StoppedError(BaseException):
    """SIGTERM or SIGHUP; for SIGINT there is KeyboardInterrupt. The exit code is a shell's."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.strsignal(number))
        self.exit_code = 128 + number


@contextmanager
def stoppable() -> Iterator[None]:
    """Let signals end this process: in order if they can, and in time anyhow.

    A block inside another adds nothing but its own sentence.
    """
    if signal.getsignal(signal.SIGTERM) is not _raise:
        _listen()
    try:
        yield
    except KeyboardInterrupt:
        _leave(INTERRUPTED)
    except StoppedError as stopped:
        _leave(stopped.exit_code)


def _leave(code: int) -> NoReturn:
    # A terminal that has closed takes no more lines.
    with suppress(OSError, ValueError):
        sys.stderr.write("stopped; the next run goes on from here\n")
        sys.stdout.flush()
        sys.stderr.flush()
    # Not by `sys.exit`, which waits for threads that wait for an answer.
    os._exit(code)


def _listen() -> None:
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    # Written by the kernel's side of a signal, also while the main thread is busy in C.
    signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    threading.Thread(target=_end_in_time, args=(reading,), daemon=True).start()
    for number in _FATAL:
        # Whoever said `nohup` wants no end by SIGHUP. SIGINT, which a script's background jobs
        # have ignored, ends them all the same: nobody would look for them.
        if number != signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _raise)


def _raise(number: int, _frame: FrameType | None) -> None:
    # One is enough: what is ending must not be stopped while it ends.
    for other in _FATAL:
        signal.signal(other, lambda *_: None)
    if number == signal.SIGINT:
        raise KeyboardInterrupt
    raise StoppedError(number)


def _end_in_time(reading: int) -> None:
    while (number := os.read(reading, 1)[0]) not in _FATAL:
        continue
    timer = threading.Timer(_SECONDS, os._exit, [128 + number])
    timer.daemon = True
    timer.start()
