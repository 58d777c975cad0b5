"""The one address of the stack: queries answered here, every other action by moto.

X-Amz-Target: AmazonAthena.…   the actions in `api`, and those on workgroups that moto has
/_sandbox/…                    what a test orders and counts
anything else                  moto
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from werkzeug.wrappers import Request, Response

from sandbox.athena.aws.crawler import Crawlers
from sandbox.athena.errors import ApiError
from sandbox.athena.faults import Faults, refusal

# Of a request's parameters and the region that it was sent to.
Action = Callable[[dict[str, Any], str], Mapping[str, Any] | None]

# Of the stack itself: neither counted nor refused. The crawler is another than who asks.
INTERNAL_KEY, CRAWLER_KEY = "sandboxinternal", "sandboxcrawler"
_CREDENTIAL = re.compile(r"Credential=([^/]+)/\d+/([^/]+)/([^/]+)/aws4_request")
_BY_MOTO = {
    *("CreateWorkGroup", "DeleteWorkGroup", "ListWorkGroups"),
    *("ListTagsForResource", "TagResource", "UntagResource"),
}


class App:
    """A WSGI application before moto's."""

    def __init__(
        self,
        moto: WSGIApplication,
        actions: Mapping[str, Action],
        faults: Faults,
        crawlers: Crawlers,
    ) -> None:
        """Answer `actions` of Athena, let tests order `faults` and crawls, leave the rest."""
        self._moto, self._actions = moto, actions
        self._faults, self._crawlers = faults, crawlers

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        request = Request(environ)
        if request.path.startswith("/_sandbox/"):
            return self._control(request)(environ, start)
        signed = _CREDENTIAL.search(request.headers.get("Authorization", ""))
        key, region, service = signed.groups() if signed else ("", "", "")
        action = request.headers.get("X-Amz-Target", "").rpartition(".")[2] or request.method
        try:
            if key not in {INTERNAL_KEY, CRAWLER_KEY}:
                self._faults.meet(service, action, key)
            if service == "athena" and action not in _BY_MOTO:
                return self._athena(action, request, region)(environ, start)
        except ApiError as error:
            # An unread body would be taken for the connection's next request.
            request.get_data()
            body, kind, headers = refusal(error, service)
            return Response(body, error.status, headers, content_type=kind)(environ, start)
        return self._moto(environ, start)

    def _athena(self, action: str, request: Request, region: str) -> Response:
        if action not in self._actions:
            raise ApiError("NotImplementedException", f"{action} is not taken here", 501)
        return _json(self._actions[action](json.loads(request.get_data()), region) or {})

    def _control(self, request: Request) -> Response:
        try:
            match request.method, request.path.removeprefix("/_sandbox/"):
                case "POST", "faults":
                    return _json(self._faults.order(request.get_json()))
                case "POST", "crawlers":
                    return _json(self._crawlers.order(**request.get_json()))
                case "GET", "calls":
                    return _json(self._faults.calls)
        except TypeError as error:
            return _json({"error": str(error)}, 400)
        return _json({"error": f"no such control: {request.method} {request.path}"}, 404)


def _json(body: object, status: int = 200) -> Response:
    return Response(json.dumps(body), status, content_type="application/x-amz-json-1.1")
