"""What happens to every request before and after its answer: the habits of the real server."""

import asyncio
import time
from dataclasses import dataclass
from email.utils import formatdate
from typing import NamedTuple
from urllib.parse import parse_qs

from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sandbox.wistia.api.answers import MOST_PER_PAGE, whole_number
from sandbox.wistia.api.stats import SEEN_PER_PAGE
from sandbox.wistia.chance import digest
from sandbox.wistia.habits import breakage
from sandbox.wistia.habits.faults import Fault, Faults
from sandbox.wistia.habits.latency import Latency
from sandbox.wistia.habits.limits import Entry, Log, RateLimit
from sandbox.wistia.habits.movement import Movement

CONTROL = "/_sandbox"
# Wistia names two permissions; the strings that stand for them in a token are not documented.
DETAILED_STATS = "stats:read"
ALL_MEDIA = "media:read"
SCOPES = frozenset({DETAILED_STATS, ALL_MEDIA})


class Asked(NamedTuple):
    """What a request asks for, as far as the gate cares."""

    path: str  # under the base URL, without `.json`
    page: int | None
    per_page: int

    @property
    def depth(self) -> int:
        """Return how many rows lie before the page."""
        return ((self.page or 1) - 1) * self.per_page

    @property
    def scope(self) -> str | None:
        """Return the permission that the address needs, if any."""
        if self.path.startswith("/stats"):
            return DETAILED_STATS
        return ALL_MEDIA if self.path.startswith("/medias") else None


@dataclass
class Gate:
    """An ASGI application around the answers: token, limit, faults, movement, delay, log."""

    app: ASGIApp
    seed: int
    token: str
    scopes: frozenset[str]
    limit: RateLimit
    log: Log
    faults: Faults
    latency: Latency
    movement: Movement
    served: int = 0
    # How far the clock of its answers' Date is from the machine's, seconds.
    clock_offset: float = 0.0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; control addresses pass freely and uncounted."""
        if scope["type"] != "http" or scope["path"].startswith(CONTROL):
            await self.app(scope, receive, send)
            return
        self.served += 1
        request_id = digest(8, self.seed, "request", self.served)
        asked = read(scope)
        began, status = self.log.begin(), [0]
        delay = self.latency.seconds(asked.path, asked.depth)

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                status[0] = message["status"]
                if status[0] not in (401, 429):
                    await asyncio.sleep(delay)
                date = formatdate(time.time() + self.clock_offset, usegmt=True)
                own = [(b"x-request-id", request_id.encode()), (b"date", date.encode())]
                message = {**message, "headers": [*message.get("headers", []), *own]}
            await send(message)

        try:
            await self._serve(asked, scope, receive, answer)
        finally:
            sent = dict(scope["headers"]).get(b"x-wistia-api-version", b"").decode("latin-1")
            query = scope["query_string"].decode("latin-1")
            self.log.end(
                Entry(round(began, 6), asked.path, asked.page, query, sent, status[0], request_id)
            )

    async def _serve(self, asked: Asked, scope: Scope, receive: Receive, send: Send) -> None:
        response = self._refusal(asked, scope)
        if response is not None:
            await response(scope, receive, send)
            return
        self.movement.before_answer()
        fault = self.faults.next(asked.path, asked.page)
        if fault is None:
            await self.app(scope, receive, send)
        else:
            await self._break(fault, scope, receive, send)

    async def _break(self, fault: Fault, scope: Scope, receive: Receive, send: Send) -> None:
        response = breakage.refused(fault)
        if response is not None:
            await response(scope, receive, send)
        elif fault.kind == "reset":
            await breakage.reset(receive)
        elif fault.kind == "hang":
            await breakage.hang(receive)
        else:
            await breakage.damaged(self.app, scope, receive, send, fault)

    def _refusal(self, asked: Asked, scope: Scope) -> Response | None:
        wanted = f"Bearer {self.token}".encode()
        if dict(scope["headers"]).get(b"authorization") != wanted:
            body = {"code": "unauthorized_credentials", "error": "Invalid credentials."}
            return JSONResponse(body, 401)
        wait = self.limit.wait()
        if wait:
            return breakage.too_many(str(wait))
        if asked.scope is not None and asked.scope not in self.scopes:
            return breakage.missing_scope()
        return None


def read(scope: Scope) -> Asked:
    """Return what a request asks for."""
    path = scope["path"]
    for base in ("/v1", "/modern"):
        path = path.removeprefix(base)
    query = parse_qs(scope["query_string"].decode("latin-1"))
    page = query.get("page", [""])[0]
    default = SEEN_PER_PAGE if path.startswith("/stats") else MOST_PER_PAGE
    per_page = whole_number(query.get("per_page", [""])[0], default)
    number = whole_number(page, 1) if page else None
    return Asked(path.removesuffix(".json"), number, min(max(per_page, 1), MOST_PER_PAGE))
