"""Logs: sentences for a person, JSON lines for whoever collects them.

A line of JSON names the run and the stage it belongs to, so that one search finds all that
a run said, whichever module said it.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import traceback
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ingestion.config.errors import without_logins

if TYPE_CHECKING:
    from collections.abc import Iterator

_OURS = ("ingestion", "flows", "reports")
# What Prefect gives its own records, kept under the same names.
_PREFECTS = ("flow_run_id", "flow_run_name", "task_run_name")
# Of the process, not of a thread: the readers' threads speak for the same run.
_now: dict[str, str | None] = {"run_id": None, "stage": None}


class JsonLines(logging.Formatter):
    """A record as one line of JSON: `at` (UTC), level, logger, run_id, stage, message, figures.

    Figures are what a call gave as `extra={"figures": {…}}`. Arguments are taken and left:
    Prefect's configuration passes a format.
    """

    def __init__(self, *_arguments: object, **_options: object) -> None:
        super().__init__()

    def format(self, record: logging.LogRecord) -> str:
        """Write the line."""
        line: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            **_now,
            "message": without_logins(record.getMessage()),
        }
        line |= {name: str(found) for name in _PREFECTS if (found := getattr(record, name, None))}
        line |= getattr(record, "figures", {})
        if record.exc_info and record.exc_info[0] is not None:
            # Where it broke, not what it held: a local value or a message may name a person.
            errors = list(_parts(record.exc_info[1]))
            line["error"] = ", ".join(type(error).__name__ for error in errors)
            line["frames"] = [
                f"{frame.filename}:{frame.lineno}"
                for error in errors
                for frame in traceback.extract_tb(error.__traceback__)
            ]
        return json.dumps(line, ensure_ascii=False, default=str)


def _parts(error: BaseException | None) -> Iterator[BaseException]:
    """An error and, of a group, those it is made of: the group alone says nothing."""
    if error is not None:
        yield error
    if isinstance(error, BaseExceptionGroup):
        for one in error.exceptions:
            yield from _parts(one)


def configure(*, as_json: bool = False) -> None:
    """Let this process log: warnings as sentences for a person, or JSON with more.

    A person reads at a terminal, through a pipe or in a file. JSON is for whoever asks for it
    (`LOG_JSON`, `--log-json`), for systemd's journal and for a run that Prefect has started.

    May be called again: a process that Prefect starts opens a pipeline and nothing else.
    """
    if not (as_json or _into_the_journal() or "PREFECT__FLOW_RUN_ID" in os.environ):
        logging.basicConfig(level=logging.WARNING, format="%(levelname)s: %(message)s")
        return
    root = logging.getLogger()
    if not any(isinstance(handler.formatter, JsonLines) for handler in root.handlers):
        handler = logging.StreamHandler()
        handler.setFormatter(JsonLines())
        # One that a library has put there would say the same again in another form.
        root.handlers[:] = [handler]
        root.setLevel(logging.WARNING)
    for name in _OURS:
        logger = logging.getLogger(name)
        logger.setLevel(logging.INFO)
        # Prefect keeps to itself what it is told to show on the page of a run.
        logger.propagate = True


def _into_the_journal() -> bool:
    # What systemd.exec(5) tells programs to compare: the variable alone is inherited too.
    try:
        found = os.fstat(sys.stderr.fileno())
    except (OSError, ValueError, AttributeError):
        return False
    return os.environ.get("JOURNAL_STREAM") == f"{found.st_dev}:{found.st_ino}"


@contextmanager
def about(**names: str) -> Iterator[None]:
    """Name the run (`run_id`) or the stage (`stage`) in every line that is logged meanwhile."""
    before = dict(_now)
    _now.update(names)
    try:
        yield
    finally:
        _now.update(before)
