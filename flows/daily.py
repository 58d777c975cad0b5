"""The day's run: ingest, crawl, build, publish. A stage that fails stops all after it."""

from __future__ import annotations

from contextlib import nullcontext

from prefect import flow

from flows.pipeline import current, is_open, open_pipeline, use
from flows.tasks import build_task, crawl_task, ingest_task, publish_task
from ingestion.ingest import exit_code


@flow(name="daily", persist_result=False)
def daily() -> int:
    """Run every stage in order, in the pipeline in use or in one from the settings.

    Returns:
        The exit code: 0, or 3 when something was quarantined or a medium unknown.

    Raises:
        ReadableError: That of the first stage that failed; nothing after it has started.
    """
    with nullcontext() if is_open() else use(open_pipeline("run")):
        record = current().record
        try:
            ingest_task()
            if current().settings.on_s3:
                crawl_task()
            build_task()
            if current().pages:
                publish_task()
        except BaseException as error:
            record.fail(error)
            raise
        code = exit_code(record.manifest)
        record.finish("completed", code)
        return code
