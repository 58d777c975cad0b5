"""The stages of a run, written once: Prefect's tasks and the command line call the same.

A stage works on the run's `Pipeline` and leaves its result there. What becomes of one that
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

from flows.alarms.watch import watch
from flows.build import build
from flows.errors import StageTimeoutError
from flows.metrics import measured
from flows.publish import publish
from flows.query import count_rows
from ingestion.config.errors import (
    BadResponseError,
    LakeBusyError,
    LakeError,
    ReadableError,
    UnavailableError,
    describe,
)
from ingestion.ingest import exit_code, ingest
from reports.errors import NodeError
from reports.node import find_node

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from types import FrameType

    from flows.pipeline import Pipeline
    from ingestion.config.settings import Settings
    from ingestion.state.run import RunRecord

log = logging.getLogger(__name__)
# Many who were refused together do not come back together: a pause is up to so much longer.
JITTER = 0.5


@dataclass(frozen=True, slots=True)
class Stage:
    """One step of a run.

    Attributes:
        name: As the run's record, Prefect and messages have it.
        run: Does it.
        pauses: Seconds before each further try, for what may heal by itself.
    """

    name: str
    run: Callable[[Pipeline], None]
    pauses: tuple[float, ...] = ()


def _ingest(pipeline: Pipeline) -> None:
    """API to bronze."""
    ingest(
        pipeline.settings,
        pipeline.lake,
        pipeline.record,
        pipeline.scope,
        sleep=pipeline.sleep,
        progress=pipeline.progress,
    )


def _crawl(pipeline: Pipeline) -> None:
    """Make what landed known to the catalog; a lake in a folder needs none."""
    from flows.athena.crawl import crawl  # noqa: PLC0415 - boto3 is for buckets

    pipeline.say("bringing the catalogue up to date")
    with pipeline.record.stage("crawl"):
        pipeline.record.save()
        crawl(pipeline.settings, pipeline.sleep)


def _build(pipeline: Pipeline) -> None:
    """Bronze to gold."""
    pipeline.say("building silver and gold")
    with pipeline.record.stage("build"):
        pipeline.record.save()
        before = _count(pipeline.settings)
        pipeline.built = build(
            pipeline.settings,
            pipeline.lake,
            as_of_date=pipeline.as_of_date,
            full_refresh=pipeline.full_refresh,
            table=pipeline.table,
        )
        after = pipeline.rows = _count(pipeline.settings)
        pipeline.new_rows = {name: rows - before.get(name, 0) for name, rows in after.items()}


def _publish(pipeline: Pipeline) -> None:
    """Gold to pages."""
    pipeline.say("exporting the tables of the pages")
    with pipeline.record.stage("publish"):
        pipeline.record.save()
        pipeline.published = publish(
            pipeline.settings,
            pipeline.lake,
            as_of_date=pipeline.as_of_date,
            say=pipeline.say,
        )


def _publish_if_there_is_node(pipeline: Pipeline) -> None:
    """Gold to pages. Without Node the rest of the run stands, and says what is missing."""
    try:
        find_node()
    except NodeError as error:
        pipeline.published = error
    else:
        _publish(pipeline)


INGEST = Stage("ingest", _ingest, pauses=(10.0, 60.0))
CRAWL = Stage("crawl", _crawl)
BUILD = Stage("build", _build)
PUBLISH = Stage("publish", _publish)
_PUBLISH_OR_NOT = Stage("publish", _publish_if_there_is_node)


def run_all(pipeline: Pipeline, run_stage: Callable[[Stage, Pipeline], None]) -> int:
    """Run every stage in order; one that fails stops all after it.

    Args:
        pipeline: The run.
        run_stage: Does one stage; raises TimeoutError where it took too long.

    Returns:
        The exit code: 0, or 3 when something was quarantined or a video unknown.

    Raises:
        ReadableError: That of the stage that failed.
    """
    record = pipeline.record
    unrecorded: ReadableError | None = None
    try:
        with measured(pipeline):
            for stage in _stages_of(pipeline):
                _run_in_time(stage, pipeline, run_stage)
        code = exit_code(record.manifest)
        record.finish("completed", code)
    except BaseException as error:
        unrecorded = _record_end(record, error)
        raise
    finally:
        watch(pipeline.settings, pipeline.lake, record.clock, error=unrecorded)
    return code


def run_some(pipeline: Pipeline, *stages: Stage) -> int:
    """Run stages asked for by name: once, without a limit, and nobody is alarmed.

    Returns:
        The exit code, as of `run_all`.

    Raises:
        ReadableError: That of the stage that failed.
    """
    record = pipeline.record
    try:
        with record.alive(), measured(pipeline):
            for stage in stages:
                stage.run(pipeline)
    except BaseException as error:
        record.fail(error)
        raise
    code = exit_code(record.manifest)
    record.finish("completed", code)
    return code


def run_by_hand(stage: Stage, pipeline: Pipeline) -> None:
    """Run a stage as Prefect does: within its limit, again after a pause where that may help.

    Raises:
        TimeoutError: A try took longer than STAGE_TIMEOUT_MINUTES.
        ReadableError: That of the last try.
    """
    for pause in (*stage.pauses, None):
        try:
            with _within(pipeline.settings.stage_timeout_minutes * 60):
                stage.run(pipeline)
        except ReadableError as error:
            if pause is None or not may_heal(error):
                raise
            seconds = pause * random.uniform(1, 1 + JITTER)  # noqa: S311 - no secret
            log.warning("%s failed and is tried again in %.0f s: %s", stage.name, seconds, error)
            pipeline.sleep(seconds)
        else:
            return


def may_heal(error: object) -> bool:
    """Whether what a stage failed with may be over a minute later."""
    return isinstance(error, UnavailableError | BadResponseError)


def _stages_of(pipeline: Pipeline) -> Sequence[Stage]:
    crawl = (CRAWL,) if pipeline.settings.on_s3 else ()
    pages = (_PUBLISH_OR_NOT,) if pipeline.pages else ()
    return (INGEST, *crawl, BUILD, *pages)


def _run_in_time(
    stage: Stage, pipeline: Pipeline, run_stage: Callable[[Stage, Pipeline], None]
) -> None:
    try:
        run_stage(stage, pipeline)
    except TimeoutError as error:
        late = StageTimeoutError(
            f"{stage.name} took longer than {pipeline.settings.stage_timeout_minutes:g} minutes, "
            "and was stopped",
            "see what it waited for; STAGE_TIMEOUT_MINUTES sets the limit",
        )
        # Inside the stage its limit looks like any other stop: only here is it known.
        pipeline.record.restate(stage.name, late)
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
    """Record how a run failed.

    Returns:
        The error, where the record cannot tell of it: it was refused before it began, or the
        lake takes nothing. A lake that another run holds is no fault.
    """
    is_written = True
    try:
        record.fail(error)
    except LakeError as unwritable:
        log.warning("the end of the run is not recorded: %s", unwritable)
        is_written = False
    if (is_written and record.is_recorded) or isinstance(error, LakeBusyError):
        return None
    said, remedy = describe(error)
    return ReadableError(said, remedy or "run it by hand with --debug, and report it")


def _count(settings: Settings) -> dict[str, int]:
    # For the summary only: tables that cannot be counted fail no build.
    try:
        return count_rows(settings)
    except ReadableError:
        return {}
