"""`wistia-elt`, and `python -m flows`."""

from __future__ import annotations

import sys

from ingestion.config.errors import how_to_import
from ingestion.config.signals import stoppable


def main() -> None:
    """Run the command line, which a signal may end from its first moment on."""
    with stoppable():
        try:
            from flows.cli.main import main as run  # noqa: PLC0415 - a second in which Ctrl-C may come
        except Exception as error:
            # Whatever else lies under a package's name may fail with anything.
            if "--debug" in sys.argv:
                raise
            said = f"{type(error).__name__}: {error}"
            sys.exit(f"error: a package cannot be loaded: {said}\ntry: {how_to_import()}")
        run()


if __name__ == "__main__":
    main()
