"""The stages of a run, written once: Prefect's tasks and the command line call the same.

A stage works on the run's `Context` and leaves its result there. What becomes of one that
fails is here too: only the stage that meets the network is tried again, and only for what may
heal by itself, since a wrong token is as wrong a minute later.
"""

from __future__ import annotations

import logging
import random
import signal
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flows.alerts.watch import describe_error, watch
from flows.stages.build import build
from flows.stages.digest import tell_week
from flows.stages.figures import measured
from flows.stages.publish import publish
from flows.stages.query import count_rows
from ingestion.config.errors import (
    BadResponseError,
    LakeBusyError,
    LakeError,
    ReadableError,
    StageTimeoutError,
    UnavailableError,
)
from ingestion.ingest import ingest
from ingestion.state.manifest import exit_code
from reports.errors import NodeError
from reports.node import find_node

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

    from flows.context import Context
    from ingestion.config.settings import Settings
    from ingestion.state.run import RunRecord

log = logging.getLogger(__name__)
# Many who were refused together do not come back together: a pause is up to so much longer.
JITTER = 0.5


@dataclass(frozen=True, slots=True)
class Stage:
    """One step of a run, by the name that its record, Prefect and messages have."""

    name: str
    run: Callable[[Context], None]
    # Seconds before each further try, for what may heal by itself.
    pauses: tuple[float, ...] = ()


def _ingest(context: Context) -> None:
    """API to bronze."""
    ingest(
        context.settings,
        context.lake,
        context.record,
        context.scope,
        sleep=context.sleep,
        progress=context.progress,
    )


def _crawl(context: Context) -> None:
    """Make what loaded known to the catalog; a lake in a folder needs none."""
    from flows.athena.crawler import crawl  # noqa: PLC0415 - boto3 is for buckets

    context.say("bringing the catalog up to date")
    with context.record.stage("crawl"):
        context.record.save()
        crawl(context.settings, context.sleep)


def _build(context: Context) -> None:
    """Bronze to gold."""
    context.say("building silver and gold")
    with context.record.stage("build"):
        context.record.save()
        before = _count(context.settings)
        context.built = build(
            context.settings,
            context.lake,
            as_of_date=context.as_of_date,
            full_refresh=context.full_refresh,
            table=context.table,
        )
        after = context.rows = _count(context.settings)
        context.new_rows = {name: rows - before.get(name, 0) for name, rows in after.items()}


def _publish(context: Context) -> None:
    """Gold to pages."""
    context.say("exporting the tables of the pages")
    with context.record.stage("publish"):
        context.record.save()
        context.published = publish(
            context.settings, context.lake, as_of_date=context.as_of_date, say=context.say
        )


def _publish_if_there_is_node(context: Context) -> None:
    """Gold to pages. Without Node the rest of the run stands, and says what is missing."""
    try:
        find_node()
    except NodeError as error:
        context.published = error
    else:
        _publish(context)


INGEST = Stage("ingest", _ingest, pauses=(10.0, 60.0))
CRAWL = Stage("crawl", _crawl)
BUILD = Stage("build", _build)
PUBLISH = Stage("publish", _publish)
_PUBLISH_OR_NOT = Stage("publish", _publish_if_there_is_node)


def run_all(context: Context, run_stage: Callable[[Stage, Context], None]) -> int:
    """Run every stage in order, each by `run_stage`; one that fails stops all after it.

    Gives the exit code: 0, or 3 when something was quarantined, a video is unknown or a list was
    not read to its end.

    Raises:
        ReadableError: That of the stage that failed.
    """
    record = context.record
    unrecorded: ReadableError | None = None
    try:
        with measured(context):
            crawl = (CRAWL,) if context.settings.on_s3 else ()
            pages = (_PUBLISH_OR_NOT,) if context.pages else ()
            for stage in (INGEST, *crawl, BUILD, *pages):
                _run_in_time(stage, context, run_stage)
        code = exit_code(record.manifest)
        record.finish("completed", code)
    except BaseException as error:
        unrecorded = _record_end(record, error)
        raise
    finally:
        watch(context.settings, context.lake, record.clock, error=unrecorded)
    tell_week(context.settings, context.lake)
    return code


def run_some(context: Context, *stages: Stage) -> int:
    """Run stages asked for by name: once, without a limit, and nobody is alarmed."""
    with context.record.recorded(), measured(context):
        for stage in stages:
            stage.run(context)
    return exit_code(context.record.manifest)


def run_by_hand(stage: Stage, context: Context) -> None:
    """Run a stage as Prefect does: within its limit, again after a pause where that may help."""
    for pause in (*stage.pauses, None):
        try:
            with _within(context.settings.stage_timeout_minutes * 60):
                stage.run(context)
        except ReadableError as error:
            if pause is None or not may_heal(error):
                raise
            seconds = pause * random.uniform(1, 1 + JITTER)  # noqa: S311 - no secret
            log.warning("%s failed and is tried again in %.0f s: %s", stage.name, seconds, error)
            context.sleep(seconds)
        else:
            return


def may_heal(error: object) -> bool:
    """Whether what a stage failed with may be over a minute later."""
    return isinstance(error, UnavailableError | BadResponseError)


def _run_in_time(
    stage: Stage, context: Context, run_stage: Callable[[Stage, Context], None]
) -> None:
    try:
        run_stage(stage, context)
    except TimeoutError as error:
        late = StageTimeoutError(
            f"{stage.name} took longer than {context.settings.stage_timeout_minutes:g} minutes, "
            "and was stopped",
            "see what it waited for; STAGE_TIMEOUT_MINUTES sets the limit",
        )
        # Inside the stage its limit looks like any other stop: only here is it known.
        context.record.restate(stage.name, late)
        raise late from error


# An alarm that comes between Python's last look and a read that waits is heard after the read,
# which may be never: it rings again.
_RINGS_AGAIN = 30.0


class _LateError(BaseException):
    """Not an Exception: what a stage catches must not hold up its end."""


@contextmanager
def _within(seconds: float) -> Iterator[None]:
    """Raise TimeoutError in the block when its time is over; signals reach the main thread."""

    def ring(_number: int, _frame: FrameType | None) -> None:
        raise _LateError

    if threading.current_thread() is not threading.main_thread():
        raise RuntimeError("a stage by hand runs in the main thread: its limit is an alarm")
    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds, _RINGS_AGAIN)
    try:
        yield
    except _LateError:
        raise TimeoutError from None
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _record_end(record: RunRecord, error: BaseException) -> ReadableError | None:
    """Record how a run failed; gives the error where the record cannot tell of it.

    It was refused before it began, or the lake takes nothing. One that another run holds is no
    fault.
    """
    is_written = True
    try:
        record.fail(error)
    except LakeError as unwritable:
        log.warning("the end of the run is not recorded: %s", unwritable)
        is_written = False
    is_told = (is_written and record.is_recorded) or isinstance(error, LakeBusyError)
    return None if is_told else describe_error(error)


def _count(settings: Settings) -> dict[str, int]:
    # For the summary only: tables that cannot be counted fail no build.
    try:
        return count_rows(settings)
    except ReadableError:
        return {}
