"""`python -m flows.up.prefect.launch`: a run of Prefect's, started in the release that is chosen.

With CODE_URI the worker starts each run by this: it looks which version is to run, brings it
here if it is new, and becomes Prefect's engine in that release's folder and environment. When
a new release cannot be had or installed, the run goes on with the last that could: a night's
figures are worth more than a night's code. `wistia-elt deploy` fails then, and says why.
"""

from __future__ import annotations

import logging
import os
import sys
from typing import TYPE_CHECKING

from flows.releases.install import newest_used, prepare, releases_folder
from flows.releases.store import choose, open_location, read_choice
from flows.up.prefect.registration import LAUNCHER
from ingestion.config.errors import ReadableError
from ingestion.config.logging import configure
from ingestion.config.settings import PROJECT_ROOT, Settings
from ingestion.storage.base import keep_private, open_lake

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

log = logging.getLogger(__name__)


def main() -> None:
    """Become Prefect's engine in the release that is to run."""
    keep_private()
    settings = Settings.load()
    configure(as_json=settings.log_json)
    folder = find_release(settings, releases_folder()) or PROJECT_ROOT
    python = folder / ".venv" / "bin" / "python"
    interpreter = str(python) if python.exists() else sys.executable
    # A release that registers its deployments must name this launcher, not its own.
    os.environ.setdefault(LAUNCHER, sys.executable)
    os.chdir(folder)
    # The engine is to know nothing of where it was started from.
    os.execv(interpreter, [interpreter, "-m", "prefect.engine"])  # noqa: S606 - our own


def find_release(
    settings: Settings, home: Path, install: Callable[[Path], None] | None = None
) -> Path | None:
    """The folder of the release that the next run is to run; None for the code that asks."""
    if settings.code_uri is None:
        return None
    try:
        location = open_location(settings.code_uri)
        wanted = choose(location.find(), read_choice(open_lake(settings)), location.uri)
        return prepare(location, wanted.version, home, install)
    except ReadableError as error:
        last = newest_used(home)
        has = last.name if last else "the code that started it"
        log.warning("%s; this run has %s; try: %s", error, has, error.remedy)
        return last


def here() -> dict[str, str]:
    """A step of `pull` in prefect.yaml: the code lies where the interpreter's own lies."""
    return {"directory": str(PROJECT_ROOT)}


if __name__ == "__main__":
    main()
