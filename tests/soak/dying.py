"""`wistia-elt`, killed at its n-th step: `python -m tests.soak.dying STEP KEY N ROWS ingest`.

SIGKILL comes from inside, where a step can be counted exactly; to the lake it is the same as
from outside. A step is a `request` about to be sent, a `rename` about to give an object its key,
or an object just `renamed`, so present and not yet listed. KEY is how the key of the object, or
the path asked for, begins. ROWS is how many rows make a part due (0: as in production), so that
a short list has many seams.
"""

import os
import signal
import sys
from collections.abc import Iterator
from datetime import timedelta

STEPS = ("request", "rename", "renamed")


class Death:
    """An audit hook that ends the process at the n-th step of a kind."""

    def __init__(self, step: str, key: str, at: int) -> None:
        self._step, self._key, self._left = step, key, at
        self._renamed = ""

    def __call__(self, event: str, arguments: tuple[object, ...]) -> None:
        for step, name in self._steps(event, arguments):
            if step == self._step and self._key in name:
                self._left -= 1
                if self._left == 0:
                    os.kill(os.getpid(), signal.SIGKILL)

    def _steps(self, event: str, arguments: tuple[object, ...]) -> Iterator[tuple[str, str]]:
        if event == "http.client.send":
            yield "request", bytes(arguments[1]).split(b"\r\n")[0].decode()  # type: ignore[call-overload]
        elif event == "os.rename" and "/.tmp/" in str(arguments[0]):
            self._renamed = str(arguments[1])
            yield "rename", self._renamed
        elif event == "open" and self._renamed:
            # The lake opens the folder next, to make the new name durable.
            name, self._renamed = self._renamed, ""
            yield "renamed", name


def shrink_parts(rows: int) -> None:
    """Make a part due after so many rows, and the manifest told of each page."""
    from ingestion.extract import context  # noqa: PLC0415 - after the hook
    from ingestion.load import bronze, loader  # noqa: PLC0415

    # A name that moved must not be set in vain.
    assert bronze.RECORDS_PER_PART > loader._DUE > rows
    bronze.RECORDS_PER_PART, loader._DUE = rows + 200, rows
    assert context._SAVED_EVERY
    context._SAVED_EVERY = timedelta(0)


def main() -> None:
    step, key, at, rows, *arguments = sys.argv[1:]
    assert step in STEPS, f"a step is one of {STEPS}"
    sys.addaudithook(Death(step, key, int(at)))
    if int(rows):
        shrink_parts(int(rows))
    from flows.cli.main import main as wistia_elt  # noqa: PLC0415 - after the hook

    sys.argv = ["wistia-elt", *arguments]
    wistia_elt()


if __name__ == "__main__":
    main()
