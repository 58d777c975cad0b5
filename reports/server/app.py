"""The server: which address is answered by what, and what every answer carries."""

from __future__ import annotations

import asyncio
import logging
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from reports.server.answers import FRESH, WEB, Refusal, message_page
from reports.server.files import Folder
from reports.server.policy import COMMON, STRICT

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable
    from pathlib import Path

    from starlette.requests import Request
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from reports.server.operations import Operations

BESIDE = [{"name": "Operations", "href": "/operations"}]
# The project's own documents: there once `make docs` has made them.
_HANDBOOK = {"name": "Handbook", "href": "/handbook/"}
LOOPBACK = {"127.0.0.1", "localhost", "::1"}
_SWAP_SECONDS = 0.05
# What is said where something is not built yet: title, paragraphs, what to type.
NotBuilt = tuple[str, list[str], str]
_NO_PAGES: NotBuilt = (
    "The pages are not built yet",
    [
        "Here will be what changed since yesterday: plays, visitors, and who comes back.",
        "A run builds them at its end. From tables that are there already:",
    ],
    "wistia-elt publish",
)
_NO_DOCS: NotBuilt = (
    "The documentation is not built yet",
    [
        "Here will be every table with its columns, their meaning and the tests they pass.",
        "It is built with the pages:",
    ],
    "wistia-elt publish",
)
_NO_HANDBOOK: NotBuilt = (
    "The handbook is not built yet",
    ["Here will be the project's documents, with search. In its folder:"],
    "make docs",
)
log = logging.getLogger(__name__)


class Guard:
    """Puts the security headers on every answer; refuses names that are not this server's.

    A name of another site that resolves to this machine would make that site's scripts ours.
    Known are this machine's own names, the address that the request reached, and SERVE_NAMES.
    """

    def __init__(self, app: ASGIApp, names: frozenset[str]) -> None:
        self._app = app
        self._names = names | LOOPBACK | {socket.gethostname().lower()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def dressed(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in COMMON.items():
                    headers.setdefault(name, value)
                headers.setdefault("content-security-policy", STRICT)
            await send(message)

        name = _name(Headers(scope=scope).get("host", ""))
        reached = str((scope.get("server") or ("",))[0]).lower()
        if name not in self._names and name != reached:
            said = f"This server does not answer as {name or 'nothing'}. To let it: SERVE_NAMES.\n"
            await PlainTextResponse(said, 421)(scope, receive, dressed)
            return
        await self._app(scope, receive, dressed)


def create_app(
    site: Path, docs: Path, handbook: Path, operations: Operations, names: Iterable[str] = ()
) -> ASGIApp:
    """Put the server together; the folders may come and go.

    `names` are what it is called beside this machine's own names, such as pages.example.com.
    """
    shelves = _Shelves(
        Folder(site), Folder(docs, loose=True), Folder(handbook, loose=True), Folder(WEB)
    )

    app = Starlette(
        routes=[
            Route("/operations", shelves.serve_operations, methods=["GET"]),
            Route("/operations/", _moved_to("/operations"), methods=["GET"]),
            Route("/operations-files/{path:path}", shelves.serve_own, methods=["GET"]),
            Route("/api/state", operations.state, methods=["GET"]),
            Route("/api/sign-in", operations.sign_in, methods=["POST"]),
            Route("/api/sign-out", operations.sign_out, methods=["POST"]),
            Route("/api/controls/{control}", operations.control, methods=["POST"]),
            Route("/served.json", shelves.tell_beside, methods=["GET"]),
            Route("/docs", _moved_to("/docs/"), methods=["GET"]),
            Route("/docs/{path:path}", shelves.serve_docs, methods=["GET"]),
            Route("/handbook", _moved_to("/handbook/"), methods=["GET"]),
            Route("/handbook/{path:path}", shelves.serve_handbook, methods=["GET"]),
            Route("/{path:path}", shelves.serve_page, methods=["GET"]),
        ],
        exception_handlers={Refusal: _refuse, Exception: _fail},
    )
    # Around everything: Starlette answers for a fault outside of its own middleware.
    return Guard(app, frozenset(name.lower() for name in names))


def _moved_to(address: str) -> Callable[[Request], Awaitable[Response]]:
    """Answer who has left out the slash at an address's end, or written one too many."""

    async def redirect(_: Request) -> Response:
        return RedirectResponse(address, 308)

    return redirect


@dataclass(frozen=True, slots=True)
class _Shelves:
    pages: Folder
    documents: Folder
    handbook: Folder
    own: Folder

    async def serve_operations(self, request: Request) -> Response:
        return await _from(self.own, request, "operations.html") or _no_such_page(request)

    async def serve_own(self, request: Request) -> Response:
        return await _from(self.own, request, _path(request)) or _no_such_page(request)

    async def serve_docs(self, request: Request) -> Response:
        return await _below(self.documents, request, _NO_DOCS)

    async def serve_handbook(self, request: Request) -> Response:
        return await _below(self.handbook, request, _NO_HANDBOOK)

    async def tell_beside(self, _: Request) -> Response:
        """What stands beside the pages here: their navigation shows it."""
        is_made = await run_in_threadpool(self.handbook.root.is_dir)
        return JSONResponse({"beside": [*BESIDE, *[_HANDBOOK] * is_made]}, headers=FRESH)

    async def serve_page(self, request: Request) -> Response:
        found = await _from(self.pages, request, _path(request) or "/")
        if found is None and not self.pages.root.is_dir():
            return message_page(503, *_NO_PAGES)
        return found or _no_such_page(request)


def _path(request: Request) -> str:
    return str(request.path_params["path"])


async def _from(folder: Folder, request: Request, path: str) -> Response | None:
    found = await run_in_threadpool(folder.answer, request, path)
    if found is None:
        # A swap is two renames; between them there is nothing.
        await asyncio.sleep(_SWAP_SECONDS)
        found = await run_in_threadpool(folder.answer, request, path)
    return found


async def _below(folder: Folder, request: Request, missing: NotBuilt) -> Response:
    path = _path(request)
    found = await _from(folder, request, path or "/")
    return found or (_no_such_page(request) if path else message_page(503, *missing))


async def _refuse(_: Request, error: Exception) -> Response:
    return error.as_json() if isinstance(error, Refusal) else Response(status_code=500)


async def _fail(request: Request, error: Exception) -> Response:
    log.error("%s failed: %s", request.url.path, error, exc_info=error)
    return message_page(
        500,
        "This page failed",
        ["The terminal that serves the pages shows what happened. The pipeline is not touched."],
    )


def _no_such_page(request: Request) -> Response:
    return message_page(404, "There is no such page", [f"Nothing is at {request.url.path}."])


def _name(host: str) -> str:
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0].lower()
