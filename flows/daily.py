"""The day's run: ingest, crawl, build, publish. A stage that fails stops all after it."""

from __future__ import annotations

import logging
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

from prefect import flow

from flows.alarms.watch import watch
from flows.artifacts import write_summary
from flows.errors import StageTimeoutError
from flows.metrics import measured
from flows.pipeline import current, is_open, open_pipeline, use
from flows.tasks import build_task, crawl_task, ingest_task, publish_task
from ingestion.errors import LakeBusyError, ReadableError
from ingestion.ingest import exit_code
from ingestion.work import Scope

if TYPE_CHECKING:
    from prefect import Task

    from flows.pipeline import Pipeline

log = logging.getLogger(__name__)


@flow(name="daily", persist_result=False)
def daily() -> int:
    """Run every stage in order, in the pipeline in use or in one from the settings.

    Returns:
        The exit code: 0, or 3 when something was quarantined or a medium unknown.

    Raises:
        ReadableError: That of the first stage that failed; nothing after it has started.
    """
    with nullcontext() if is_open() else use(open_pipeline("run")):
        return _run_stages()


@flow(name="reconcile", persist_result=False)
def reconcile() -> int:
    """The same, but every visitor is read again: what changed unseen comes right.

    Returns:
        The exit code, as of `daily`.

    Raises:
        ReadableError: That of the first stage that failed; nothing after it has started.
    """
    with nullcontext() if is_open() else use(open_pipeline("run")):
        current().scope = Scope(full=True)
        return _run_stages()


def _run_stages() -> int:
    pipeline = current()
    record = pipeline.record
    refused: str | None = None
    try:
        with measured(pipeline):
            _run(ingest_task)
            if pipeline.settings.on_s3:
                _run(crawl_task)
            _run(build_task)
            if pipeline.pages:
                _run(publish_task)
        code = exit_code(record.manifest)
        record.finish("completed", code)
    except BaseException as error:
        record.fail(error)
        # A lake that another run holds is no fault; what else refuses a run is.
        if not record.is_recorded and not isinstance(error, LakeBusyError):
            refused = str(error)
        raise
    finally:
        write_summary(pipeline)
        _tell_people(pipeline, refused)
    return code


def _tell_people(pipeline: Pipeline, refused: str | None) -> None:
    try:
        watch(pipeline.settings, pipeline.lake, pipeline.record.clock, error=refused)
    except ReadableError as error:
        log.warning("no alarm could be looked for: %s", error)


def _run(stage: Task[[], None]) -> None:
    pipeline = current()
    minutes = pipeline.settings.stage_timeout_minutes
    limited: Any = stage.with_options(timeout_seconds=minutes * 60)
    try:
        limited()
    except TimeoutError as error:
        late = StageTimeoutError(
            f"{stage.name} took longer than {minutes:g} minutes, and was stopped",
            "see what it waited for; STAGE_TIMEOUT_MINUTES sets the limit",
        )
        # Inside the stage Prefect's limit looks like any other stop: only here is it known.
        pipeline.record.restate(stage.name, late)
        raise late from error
