"""The one address of the stack: Athena answered here, every other service by moto.

X-Amz-Target: AmazonAthena.…   the actions in `api`
/_sandbox/…                    what a test steers: faults, crawlers, counts
anything else                  moto
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from werkzeug.wrappers import Request, Response

from sandbox.athena.api.protocol import TARGET, answer
from sandbox.athena.errors import ApiError
from sandbox.athena.faults import Call, Faults, error_body

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from sandbox.athena.api.protocol import Action
    from sandbox.athena.faults import Control

# Of the stack itself: neither counted nor refused. The crawler is another than who asks.
INTERNAL_KEY, CRAWLER_KEY = "sandboxinternal", "sandboxcrawler"
_CREDENTIAL = re.compile(r"Credential=([^/]+)/\d+/([^/]+)/([^/]+)/aws4_request")
_JSON = "application/x-amz-json-1.1"


class App:
    """A WSGI application before moto's."""

    def __init__(
        self,
        moto: WSGIApplication,
        actions: Callable[[str], Mapping[str, Action]],
        controls: Mapping[tuple[str, str], Control],
        faults: Faults,
    ) -> None:
        """Answer with `actions` of a region, steer by `controls`, leave the rest to `moto`."""
        self._moto, self._actions, self._controls = moto, actions, controls
        self._faults = faults

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        request = Request(environ)
        if request.path.startswith("/_sandbox/"):
            return self._control(request)(environ, start)
        call = _read_call(environ)
        try:
            if call.access_key not in {INTERNAL_KEY, CRAWLER_KEY}:
                self._faults.meet(call)
            if call.service == "athena":
                return self._athena(call, request)(environ, start)
        except ApiError as error:
            # An unread body would be taken for the connection's next request.
            request.get_data()
            body, kind, headers = error_body(error, call.service)
            return Response(body, error.status, headers, content_type=kind)(environ, start)
        return self._moto(environ, start)

    def _athena(self, call: Call, request: Request) -> Response:
        try:
            parameters = json.loads(request.get_data() or b"{}")
        except ValueError as error:
            raise ApiError("SerializationException", str(error)) from error
        found = answer(self._actions(call.region), call.action, parameters)
        return Response(json.dumps(found), content_type=_JSON)

    def _control(self, request: Request) -> Response:
        control = self._controls.get((request.method, request.path.removeprefix("/_sandbox/")))
        if control is None:
            return _json({"error": f"no such control: {request.method} {request.path}"}, 404)
        try:
            return _json(control(request))
        except (ValueError, KeyError, TypeError) as error:
            return _json({"error": f"{type(error).__name__}: {error}"}, 400)


def _read_call(environ: WSGIEnvironment) -> Call:
    target = environ.get("HTTP_X_AMZ_TARGET", "")
    signed = _CREDENTIAL.search(environ.get("HTTP_AUTHORIZATION", ""))
    key, region, service = signed.groups() if signed else ("", "", "")
    if target.startswith(TARGET):
        service = "athena"
    action = target.rpartition(".")[2] or environ["REQUEST_METHOD"]
    return Call(service, action, region, key)


def _json(body: object, status: int = 200) -> Response:
    return Response(json.dumps(body), status, content_type="application/json")
