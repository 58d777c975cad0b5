"""The stages as Prefect tasks, each recorded in the run's manifest.

Only the stage that meets the network is tried again, and only for what may heal by
itself: a wrong token is as wrong a minute later.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prefect import task

from flows.artifacts import ReadingProgress, write_nodes
from flows.build import build
from flows.pipeline import current
from flows.publish import publish
from flows.query import count_rows
from ingestion.errors import BadResponseError, ReadableError, UnavailableError
from ingestion.ingest import ingest
from reports.errors import NodeError
from reports.node import find_node

if TYPE_CHECKING:
    from ingestion.settings import Settings


async def _may_heal(_task: Any, _run: Any, state: Any) -> bool:  # noqa: ANN401 - Prefect's hook
    error = await state.aresult(raise_on_failure=False)
    return isinstance(error, UnavailableError | BadResponseError)


@task(
    name="ingest",
    retries=2,
    retry_delay_seconds=[10, 60],
    retry_jitter_factor=0.5,
    retry_condition_fn=_may_heal,
    persist_result=False,
)
def ingest_task() -> None:
    """API to bronze."""
    pipeline = current()
    progress = ReadingProgress(pipeline.progress)
    ingest(
        pipeline.settings,
        pipeline.lake,
        pipeline.record,
        pipeline.scope,
        sleep=pipeline.sleep,
        progress=progress.update,
    )
    progress.finish()


@task(name="crawl", persist_result=False)
def crawl_task() -> None:
    """Make what landed known to the catalogue; a lake in a folder needs none."""
    from flows.athena.crawl import crawl  # noqa: PLC0415 - boto3 is for buckets

    pipeline = current()
    pipeline.say("bringing the catalogue up to date")
    with pipeline.record.stage("crawl"):
        pipeline.record.save()
        crawl(pipeline.settings, pipeline.sleep)


@task(name="build", persist_result=False)
def build_task() -> None:
    """Bronze to gold."""
    pipeline = current()
    pipeline.say("building silver and gold")
    with pipeline.record.stage("build"):
        pipeline.record.save()
        before = _count(pipeline.settings)
        pipeline.built = build(
            pipeline.settings,
            pipeline.lake,
            as_of_date=pipeline.as_of_date,
            full_refresh=pipeline.full_refresh,
        )
        after = pipeline.rows = _count(pipeline.settings)
        pipeline.new_rows = {name: rows - before.get(name, 0) for name, rows in after.items()}
    write_nodes(pipeline.built)


@task(name="publish", persist_result=False)
def publish_task() -> None:
    """Gold to pages. Without Node the rest of the run stands, and says what is missing."""
    pipeline = current()
    try:
        find_node()
    except NodeError as error:
        pipeline.published = error
        return
    with pipeline.record.stage("publish"):
        pipeline.record.save()
        pipeline.published = publish(
            pipeline.settings,
            pipeline.lake,
            as_of_date=pipeline.as_of_date,
            say=pipeline.say,
        )


def _count(settings: Settings) -> dict[str, int]:
    # For the summary only: tables that cannot be counted fail no build.
    try:
        return count_rows(settings)
    except ReadableError:
        return {}
