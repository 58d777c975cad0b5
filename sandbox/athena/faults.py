"""What a test orders and counts under `/_sandbox`: AWS's bad days, a crawler's time."""

from __future__ import annotations

import json
import threading
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from sandbox.athena.aws.crawler import Order
from sandbox.athena.errors import ApiError

if TYPE_CHECKING:
    from collections.abc import Callable

    from werkzeug.wrappers import Request

    from sandbox.athena.aws.crawler import Crawlers

    Control = Callable[[Request], Any]

# An access key that begins so is a session's whose time is over.
EXPIRED_KEY = "EXPIRED"
_STATUS = {"ThrottlingException": 400, "SlowDown": 503, "InternalServerException": 500}


@dataclass
class Fault:
    """One order: the next `times` calls of `service` (and `action`) are refused with `code`."""

    service: str
    code: str
    action: str | None = None
    message: str = "ordered by a test"
    status: int | None = None
    times: int = 1

    def answer(self) -> ApiError:
        """Return the refusal."""
        return ApiError(self.code, self.message, self.status or _STATUS.get(self.code, 400))


@dataclass(frozen=True)
class Call:
    """Who asks for what: made of a request's signature and target."""

    service: str
    action: str
    region: str
    access_key: str


class Faults:
    """The orders that are left, and the calls that came."""

    def __init__(self) -> None:
        self.orders: list[Fault] = []
        self.calls: dict[str, int] = {}
        self._lock = threading.Lock()

    def meet(self, call: Call) -> None:
        """Count a call, and refuse it where that was ordered.

        Raises:
            ApiError: the refusal.
        """
        with self._lock:
            name = f"{call.service}:{call.action}"
            self.calls[name] = self.calls.get(name, 0) + 1
            if call.access_key.startswith(EXPIRED_KEY):
                raise _expired(call.service)
            for fault in self.orders:
                if fault.service == call.service and fault.action in {None, call.action}:
                    fault.times -= 1
                    if fault.times == 0:
                        self.orders.remove(fault)
                    raise fault.answer()


def _expired(service: str) -> ApiError:
    message = "The security token included in the request is expired"
    if service == "s3":
        return ApiError("ExpiredToken", "The provided token has expired.")
    if service == "sts":
        return ApiError("ExpiredToken", message, 403)
    return ApiError("ExpiredTokenException", message)


def error_body(error: ApiError, service: str) -> tuple[bytes, str, dict[str, str]]:
    """Return body, content type and headers of a refusal, in the service's own protocol."""
    if service in {"s3", "sts"}:
        inner = f"<Code>{error.code}</Code><Message>{error}</Message>"
        if service == "s3":
            body = f"<?xml version='1.0'?><Error>{inner}<RequestId>sandbox</RequestId></Error>"
        else:
            body = f"<ErrorResponse><Error>{inner}</Error></ErrorResponse>"
        return body.encode(), "application/xml", {}
    fields: dict[str, Any] = {"__type": error.code, "message": str(error), **error.fields}
    return (
        json.dumps(fields).encode(),
        "application/x-amz-json-1.1",
        {"x-amzn-ErrorType": error.code},
    )


def controls(faults: Faults, crawlers: Crawlers) -> dict[tuple[str, str], Control]:
    """What is done under `/_sandbox`, by method and path."""

    def order(request: Request) -> Any:  # noqa: ANN401 - any JSON
        body = request.get_json()
        faults.orders += [Fault(**one) for one in (body if isinstance(body, list) else [body])]
        return listed(request)

    def listed(_: Request) -> Any:  # noqa: ANN401
        return [asdict(fault) for fault in faults.orders]

    def crawl(request: Request) -> Any:  # noqa: ANN401
        body = dict(request.get_json())
        name = body.pop("name")
        crawlers.orders[name] = Order(**body)
        return {name: asdict(crawlers.orders[name])}

    return {
        ("POST", "faults"): order,
        ("GET", "faults"): listed,
        ("GET", "calls"): lambda _: faults.calls,
        ("POST", "crawlers"): crawl,
    }
