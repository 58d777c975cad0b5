"""AWS's bad days, as a test orders them: throttling, outages, sessions whose time is over."""

import json
import threading
from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any

from sandbox.athena.errors import ApiError

# An access key that begins so is a session's whose time is over.
EXPIRED_KEY = "EXPIRED"


@dataclass
class Fault:
    """One order: the next `times` calls of `service` (and `action`) are refused with `code`."""

    service: str
    code: str
    action: str | None = None
    status: int = 400
    times: int = 1


class Faults:
    """The orders that are left, and the calls that came."""

    def __init__(self) -> None:
        self._orders: list[Fault] = []
        self.calls: Counter[str] = Counter()
        self._lock = threading.Lock()

    def order(self, faults: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Take orders; return all that are left."""
        self._orders += [Fault(**fault) for fault in faults]
        return [asdict(fault) for fault in self._orders]

    def meet(self, service: str, action: str, access_key: str) -> None:
        """Count a call, and refuse it where that was ordered.

        Raises:
            ApiError: the refusal.
        """
        with self._lock:
            self.calls[f"{service}:{action}"] += 1
            if access_key.startswith(EXPIRED_KEY):
                code = "ExpiredToken" if service in {"s3", "sts"} else "ExpiredTokenException"
                raise ApiError(code, "The security token included in the request is expired")
            for fault in self._orders:
                if fault.service == service and fault.action in {None, action}:
                    fault.times -= 1
                    if fault.times == 0:
                        self._orders.remove(fault)
                    raise ApiError(fault.code, "ordered by a test", fault.status)


def refusal(error: ApiError, service: str) -> tuple[bytes, str, dict[str, str]]:
    """Return body, content type and headers of a refusal, in the service's own protocol."""
    if service in {"s3", "sts"}:
        body = f"<Error><Code>{error.code}</Code><Message>{error}</Message></Error>"
        if service == "sts":
            body = f"<ErrorResponse>{body}</ErrorResponse>"
        return body.encode(), "application/xml", {}
    fields = {"__type": error.code, "message": str(error)}
    kind = {"x-amzn-ErrorType": error.code}
    return json.dumps(fields).encode(), "application/x-amz-json-1.1", kind
