"""moto's server with what it lacks of the module's services; each gap is one function.

Nothing here is AWS: what a real account answers is never learned from it.
"""

import json
import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

from moto.budgets.responses import BudgetsResponse
from moto.codebuild import responses as codebuild
from moto.codepipeline.models import CodePipeline
from moto.iam.access_control import IAMPolicyStatement, PermissionResult
from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from moto.s3.models import FakeDeleteMarker
from werkzeug.serving import make_server

from tests.support.aws.recording import Recorder

ACCOUNT = "123456789012"
REGION = "us-east-1"
# What the production example gives its budget.
BUDGET_TAGS = {"project": "wistia-elt", "team": "data"}

_check_source = codebuild._validate_required_params_source
_check_artifacts = codebuild._validate_required_params_artifacts
_create_project = codebuild.CodeBuildResponse.create_project
_judge: Callable[..., PermissionResult] = IAMPolicyStatement.is_action_permitted


def judge_plain_connection(
    statement: IAMPolicyStatement, action: str, *rest: object, **named: object
) -> PermissionResult:
    """moto takes any condition it does not know as met: a deny of plain HTTP denied everything.

    The emulator speaks plain HTTP, so what would be denied for that is let through.
    """
    conditions = statement._statement.get("Condition", {})
    keys = {key for operator in conditions.values() for key in operator}
    if keys & {"aws:SecureTransport", "s3:TlsVersion"}:
        return PermissionResult.NEUTRAL
    return _judge(statement, action, *rest, **named)


def describe_subscribers(response: BudgetsResponse) -> str:
    """moto keeps a notification's subscribers, and has no call that tells them."""
    account, name = response._get_param("AccountId"), response._get_param("BudgetName")
    wanted = response._get_param("Notification")
    budget = response.backend.budgets[account][name]
    found = next(n for n in budget.notifications if wanted.items() <= n.details.items())
    return json.dumps({"Subscribers": found.subscribers, "NextToken": None})


def list_tags(_response: BudgetsResponse) -> str:
    """moto drops a budget's tags; Terraform reads them back when it has made it."""
    tags = [{"Key": key, "Value": value} for key, value in BUDGET_TAGS.items()]
    return json.dumps({"ResourceTags": tags})


def create_project(response: codebuild.CodeBuildResponse) -> Any:  # noqa: ANN401 - moto's own
    """moto drops a project's key."""
    answer = _create_project(response)
    if key := response._get_param("encryptionKey"):
        project = response.codebuild_backend.codebuild_projects[response._get_param("name")]
        project.project_metadata["encryptionKey"] = key
    return answer


def tell_times(pipeline: CodePipeline) -> dict[str, Any]:
    """moto tells a pipeline's times as text; the protocol has them as numbers."""
    return {
        "pipelineArn": pipeline._arn,
        "created": pipeline._created.timestamp(),
        "updated": pipeline._updated.timestamp(),
    }


def check_source(source: dict[str, Any]) -> None:
    """A source of CodePipeline has no location; moto asks for one."""
    if source["type"] != "CODEPIPELINE":
        _check_source(source)


def check_artifacts(artifacts: dict[str, Any]) -> None:
    """Nor have its artifacts."""
    if artifacts["type"] != "CODEPIPELINE":
        _check_artifacts(artifacts)


def forget_marker(_marker: FakeDeleteMarker) -> None:
    """moto disposes of what a bucket without versions loses; a marker left there cannot be."""


GAPS = (
    (FakeDeleteMarker, "dispose", forget_marker),
    (IAMPolicyStatement, "is_action_permitted", judge_plain_connection),
    (BudgetsResponse, "describe_subscribers_for_notification", describe_subscribers),
    (BudgetsResponse, "list_tags_for_resource", list_tags),
    (CodePipeline, "metadata", property(tell_times)),
    (codebuild.CodeBuildResponse, "create_project", create_project),
    (codebuild, "_validate_required_params_source", check_source),
    (codebuild, "_validate_required_params_artifacts", check_artifacts),
)


@contextmanager
def filled_gaps() -> Iterator[None]:
    """Fill the gaps of the moto in this process while the block lasts."""
    with ExitStack() as gaps:
        for owner, name, filled in GAPS:
            gaps.enter_context(patch.object(owner, name, filled, create=True))
        yield


@contextmanager
def running_moto(recording: Path) -> Iterator[str]:
    """Run moto on a free port, its requests written to `recording`; yields its address."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    application = Recorder(DomainDispatcherApplication(create_backend_app), recording)
    server = make_server(
        "127.0.0.1", 0, application, threaded=True, request_handler=MotoRequestHandler
    )
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
