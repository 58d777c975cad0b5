"""`python -m flows.dbt_child …`: dbt's command line, in a process that ends with its parent.

Its standard input is a pipe that the parent holds open. However the parent ends, kill -9
included, the pipe closes, and a dbt without a parent must not go on writing tables.
"""

import os
import threading

_ORPHANED = 70
_STANDARD_INPUT = 0


def main() -> None:
    """Run dbt with this process's arguments."""
    threading.Thread(target=_end_with_the_parent, daemon=True).start()
    from dbt.cli.main import cli  # noqa: PLC0415 - two seconds in which the parent may end

    cli()


def _end_with_the_parent() -> None:
    # The bare descriptor: a thread inside `sys.stdin` would trip the interpreter's own end.
    while os.read(_STANDARD_INPUT, 1):
        continue
    os._exit(_ORPHANED)


if __name__ == "__main__":
    main()
