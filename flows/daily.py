"""The flows at Prefect: the stages of a run as its tasks, so that it shows and limits them."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

from prefect import flow, task

from flows.alarms.refusal import refusals_told
from flows.artifacts import ReadingProgress, write_nodes, write_summary
from flows.pipeline import current, is_open, open_pipeline, use
from flows.stages import JITTER, Stage, may_heal, run_all
from ingestion.extract.context import Scope

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flows.pipeline import Pipeline


@flow(name="daily", persist_result=False)
def daily() -> int:
    """Run every stage in order, in the pipeline in use or in one from the settings.

    Returns:
        The exit code: 0, or 3 when something was quarantined or a video unknown.

    Raises:
        ReadableError: That of the first stage that failed; nothing after it has started.
    """
    return _run(Scope())


@flow(name="reconcile", persist_result=False)
def reconcile() -> int:
    """The same, but every visitor is read again: what changed unseen comes right.

    Returns:
        The exit code, as of `daily`.

    Raises:
        ReadableError: That of the first stage that failed; nothing after it has started.
    """
    return _run(Scope(full=True))


def _run(scope: Scope) -> int:
    with ExitStack() as stack:
        if is_open():
            pipeline = current()
        else:
            with refusals_told():
                pipeline = stack.enter_context(use(open_pipeline("run")))
            pipeline.scope = scope
        try:
            return run_all(pipeline, run_as_task)
        finally:
            write_summary(pipeline)


def run_as_task(stage: Stage, pipeline: Pipeline) -> None:
    """Run a stage as a task of Prefect's.

    Raises:
        TimeoutError: It took longer than STAGE_TIMEOUT_MINUTES.
        ReadableError: That of its last try.
    """

    @task(
        name=stage.name,
        retries=len(stage.pauses),
        retry_delay_seconds=list(stage.pauses),
        retry_jitter_factor=JITTER,
        retry_condition_fn=_may_heal,
        timeout_seconds=pipeline.settings.stage_timeout_minutes * 60,
        persist_result=False,
    )
    # Without parameters: Prefect stores them, and nothing that a secret hangs on belongs there.
    def run_it() -> None:
        with _SHOWN.get(stage.name, nullcontext)(pipeline):
            stage.run(pipeline)

    run_it()


async def _may_heal(_task: Any, _run: Any, state: Any) -> bool:  # noqa: ANN401 - Prefect's hook
    return may_heal(await state.aresult(raise_on_failure=False))


@contextmanager
def _reading(pipeline: Pipeline) -> Iterator[None]:
    terminal = pipeline.progress
    bar = ReadingProgress(terminal)
    pipeline.progress = bar.update
    try:
        yield
        bar.finish()
    finally:
        pipeline.progress = terminal


@contextmanager
def _nodes(pipeline: Pipeline) -> Iterator[None]:
    yield
    if pipeline.built is not None:
        write_nodes(pipeline.built)


_SHOWN = {"ingest": _reading, "build": _nodes}
