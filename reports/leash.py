"""`python -m reports.leash COMMAND …`: a command whose whole family ends with its parent.

Node starts npx, npx a shell, the shell vite. Ending the first leaves the last at work with
3 GB of memory. So the command leads a process group of its own, and this process holds its
leash: when the standard input closes, because the parent gave up or died, kill -9 included,
the group is killed.
"""

import os
import signal
import subprocess
import sys
import threading

_STANDARD_INPUT = 0


def main() -> int:
    """Run the command given as arguments.

    Returns:
        Its exit code.
    """
    with (
        subprocess.Popen(  # noqa: S603 - what our own code asks for
            sys.argv[1:], stdin=subprocess.DEVNULL, start_new_session=True
        ) as child
    ):
        threading.Thread(target=_end_with_the_parent, args=(child.pid,), daemon=True).start()
        code = child.wait()
    # Whatever the command left behind would write where the next build reads.
    _kill(child.pid)
    return code if code >= 0 else 128 - code


def _end_with_the_parent(group: int) -> None:
    while os.read(_STANDARD_INPUT, 1):
        continue
    _kill(group)
    os._exit(1)


def _kill(group: int) -> None:
    try:
        os.killpg(group, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return


if __name__ == "__main__":
    sys.exit(main())
