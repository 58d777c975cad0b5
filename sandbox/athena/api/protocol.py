"""Athena's JSON 1.1: an action's name, its parameters checked, its answer or refusal."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

import botocore.session
from botocore.validate import ParamValidator

from sandbox.athena.errors import ApiError, InvalidRequest

if TYPE_CHECKING:
    from botocore.model import OperationModel, ServiceModel

Request = dict[str, Any]
Action = Callable[[Request], Mapping[str, Any] | None]
TARGET = "AmazonAthena."
_MOST = 50  # of a page, where no other number is asked for


@cache
def _service() -> ServiceModel:
    return botocore.session.get_session().get_service_model("athena")


def answer(actions: Mapping[str, Action], name: str, request: Request) -> Mapping[str, Any]:
    """Carry out an action.

    Raises:
        ApiError: the action is unknown or not taken here, its parameters are wrong, or it
            refused.
    """
    if name not in _service().operation_names:
        raise ApiError("UnknownOperationException", f"Athena has no action {name}")
    if name not in actions:
        raise ApiError("NotImplementedException", f"this stand-in does not take {name}", 501)
    _validate(_service().operation_model(name), request)
    return actions[name](request) or {}


def _validate(operation: OperationModel, request: Request) -> None:
    """Hold the parameters against the service's own description."""
    shape = operation.input_shape
    if shape is None:
        return
    report = ParamValidator().validate(request, shape)
    if report.has_errors():
        raise InvalidRequest(report.generate_report())


def page(found: list[Any], request: Request) -> tuple[list[Any], dict[str, str]]:
    """Return a page of `found` and, where there is more, the NextToken for the next."""
    token = str(request.get("NextToken") or "0")
    if not token.isdigit():
        raise InvalidRequest(f"invalid NextToken: {token}")
    start, size = int(token), int(request.get("MaxResults") or _MOST)
    following = {"NextToken": str(start + size)} if start + size < len(found) else {}
    return found[start : start + size], following
