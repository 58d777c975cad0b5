"""AWS CodePipeline: from the latest push to a release, checks included."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ingestion.config.aws_errors import explained
from ingestion.config.errors import DeliveryError

if TYPE_CHECKING:
    from collections.abc import Callable

_PAUSE = 15.0
# The build may take an hour, and another may be ahead of it.
_MOST_PAUSES = 2 * 60 * 4
_GOING_ON = {"InProgress", "Stopping"}


def make_release(pipeline: str, sleep: Callable[[float], None]) -> str:
    """Start the pipeline and wait until it has made a release.

    Args:
        pipeline: Its name.
        sleep: Waits seconds.

    Returns:
        The commit that it released.

    Raises:
        DeliveryError: It failed, was stopped, takes longer than two hours, or AWS refuses.
    """
    from boto3 import client  # noqa: PLC0415 - only who has a pipeline pays for boto3

    with explained(f"start the pipeline {pipeline}", DeliveryError):
        aws = client("codepipeline")
        execution = aws.start_pipeline_execution(name=pipeline)["pipelineExecutionId"]
        for _ in range(_MOST_PAUSES):
            found = aws.get_pipeline_execution(
                pipelineName=pipeline, pipelineExecutionId=execution
            )["pipelineExecution"]
            if found["status"] not in _GOING_ON:
                break
            sleep(_PAUSE)
    if found["status"] != "Succeeded":
        raise DeliveryError(
            f"the pipeline {pipeline} ended {found['status']}, so there is no new release",
            "its stages in the CodePipeline console say why; the version in place stays",
        )
    revisions = found.get("artifactRevisions") or [{}]
    return str(revisions[0].get("revisionId") or "")
