"""The flows at Prefect: the stages of a run as its tasks, so that it shows and limits them."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import click
from prefect import flow, task

from flows.alerts.watch import refusals_told
from flows.context import open_context
from flows.releases.deploy import deliver
from flows.stages.maintain import maintain
from flows.stages.sequence import JITTER, Stage, may_heal, run_all
from flows.up.prefect.summary import write_summary
from ingestion.config.settings import Settings
from ingestion.extract.context import Scope
from ingestion.storage.base import open_lake

if TYPE_CHECKING:
    from flows.context import Context


@flow(name="daily", persist_result=False)
def daily() -> int:
    """Run every stage in order, as the settings say; gives the exit code, as `run_all`.

    Raises:
        ReadableError: That of the first stage that failed; nothing after it has started.
    """
    return _open_and_run(Scope())


@flow(name="reconcile", persist_result=False)
def reconcile() -> int:
    """The same, but every visitor is read again: what changed unseen comes right."""
    return _open_and_run(Scope(full=True))


@flow(name="maintenance", persist_result=False)
def maintenance() -> None:
    """What a bucket gathers and nobody reads any more goes."""
    maintain(Settings.load())


@flow(name="deploy", persist_result=False)
def deploy(version: str = "latest") -> str:
    """Let the next run run a version of the code; gives the version.

    It is named by a release or the beginning of its name, without CODE_URI by a tag or a commit;
    `latest` is the newest.
    """
    settings = Settings.load()
    done = deliver(settings, open_lake(settings), version)
    click.echo(done.said)
    return done.version


def run_at_prefect(context: Context) -> int:
    """Run every stage of a run that is open already as the flow `daily`; gives the exit code."""

    # Prefect stores what a flow or a task is given; nothing that a secret hangs on belongs there.
    @flow(name="daily", persist_result=False)
    def opened() -> int:
        return _run(context)

    return int(opened())


def _open_and_run(scope: Scope) -> int:
    with ExitStack() as stack:
        with refusals_told():
            context = open_context("run")
            stack.enter_context(context.record.alive())
        context.scope = scope
        return _run(context)


def _run(context: Context) -> int:
    try:
        return run_all(context, run_as_task)
    finally:
        write_summary(context)


def run_as_task(stage: Stage, context: Context) -> None:
    """Run a stage as a task of Prefect's."""

    @task(
        name=stage.name,
        retries=len(stage.pauses),
        retry_delay_seconds=list(stage.pauses),
        retry_jitter_factor=JITTER,
        retry_condition_fn=_may_heal,
        timeout_seconds=context.settings.stage_timeout_minutes * 60,
        persist_result=False,
    )
    # Without parameters: Prefect stores them, and nothing that a secret hangs on belongs there.
    def run_it() -> None:
        stage.run(context)

    run_it()


async def _may_heal(_task: Any, _run: Any, state: Any) -> bool:  # noqa: ANN401 - Prefect's hook
    return may_heal(await state.aresult(raise_on_failure=False))
