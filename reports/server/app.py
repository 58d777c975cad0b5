"""The server: which address is answered by what, what every answer carries, how it is started."""

from __future__ import annotations

import asyncio
import logging
import socket
import time
from pathlib import Path
from typing import TYPE_CHECKING

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from ingestion.config.errors import ConfigurationError
from ingestion.config.settings import PROJECT_ROOT
from ingestion.config.timestamps import utc_now
from ingestion.storage.base import open_lake
from reports.server.answers import FRESH, WEB, Refusal, message_page
from reports.server.connection import Connection
from reports.server.files import Folder
from reports.server.limits import Guesses, Limit
from reports.server.operations import Operations
from reports.server.policy import COMMON, STRICT
from reports.server.prefect import Prefect
from reports.server.session import Doorkeeper

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence

    from starlette.requests import Request
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from ingestion.config.settings import Settings
    from reports.server.operations import Look

    Endpoint = Callable[[Request], Awaitable[Response]]

BESIDE = [{"name": "Operations", "href": "/operations"}]
# The project's own documents: there once `make docs` has made them.
_HANDBOOK = {"name": "Handbook", "href": "/handbook/"}
# Where `make docs` puts the documents as a site.
HANDBOOK = PROJECT_ROOT / "build" / "docs"
_MINUTE = 60
_LONG_ENOUGH = 12
_VARIED_ENOUGH = 6
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

    async def tell_beside(_: Request) -> Response:
        """What stands beside the pages here: their navigation shows it."""
        is_made = await run_in_threadpool(handbook.is_dir)
        return JSONResponse({"beside": [*BESIDE, *[_HANDBOOK] * is_made]}, headers=FRESH)

    own = Folder(WEB)
    app = Starlette(
        routes=[
            Route("/operations", _shelf(own, name="operations.html")),
            Route("/operations/", _moved_to("/operations")),
            Route("/operations-files/{path:path}", _shelf(own)),
            Route("/api/state", operations.state),
            Route("/api/sign-in", operations.sign_in, methods=["POST"]),
            Route("/api/sign-out", operations.sign_out, methods=["POST"]),
            Route("/api/controls/{control}", operations.control, methods=["POST"]),
            Route("/served.json", tell_beside),
            Route("/docs", _moved_to("/docs/")),
            Route("/docs/{path:path}", _shelf(Folder(docs, loose=True), _NO_DOCS)),
            Route("/handbook", _moved_to("/handbook/")),
            Route("/handbook/{path:path}", _shelf(Folder(handbook, loose=True), _NO_HANDBOOK)),
            Route("/{path:path}", _shelf(Folder(site), _NO_PAGES)),
        ],
        exception_handlers={Refusal: _refuse, Exception: _fail},
    )
    # Around everything: Starlette answers for a fault outside of its own middleware.
    return Guard(app, frozenset(name.lower() for name in names))


def _moved_to(address: str) -> Endpoint:
    """Answer who has left out the slash at an address's end, or written one too many."""

    async def redirect(_: Request) -> Response:
        return RedirectResponse(address, 308)

    return redirect


def _shelf(folder: Folder, missing: NotBuilt | None = None, name: str | None = None) -> Endpoint:
    """Answer from a folder, by one name or the path asked for, or say what is not built yet."""

    async def serve(request: Request) -> Response:
        path = name or str(request.path_params["path"])
        found = await run_in_threadpool(folder.answer, request, path or "/")
        if found is None:
            # A swap is two renames; between them there is nothing.
            await asyncio.sleep(_SWAP_SECONDS)
            found = await run_in_threadpool(folder.answer, request, path or "/")
        if found is None and missing and not (path and folder.root.is_dir()):
            return message_page(503, *missing)
        said = f"Nothing is at {request.url.path}."
        return found or message_page(404, "There is no such page", [said])

    return serve


async def _refuse(_: Request, error: Exception) -> Response:
    return error.as_json() if isinstance(error, Refusal) else Response(status_code=500)


async def _fail(request: Request, error: Exception) -> Response:
    log.error("%s failed: %s", request.url.path, error, exc_info=error)
    return message_page(
        500,
        "This page failed",
        ["The terminal that serves the pages shows what happened. The pipeline is not touched."],
    )


def _name(host: str) -> str:
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0].lower()


def serve(  # noqa: PLR0913, PLR0917 - what the server is made of
    settings: Settings,
    prefect_url: str | None,
    prefect_headers: Mapping[str, str],
    say: Callable[[str], None],
    descriptor: int | None,
    look: Look,
) -> None:
    """Serve until told to stop, on the socket that a parent has bound or on one of ours."""
    app = build_app(settings, prefect_url, prefect_headers, look)
    if descriptor is None:
        listener = bind(settings.serve_host, settings.serve_port)
    else:
        listener = socket.socket(fileno=descriptor)
    address = address_of(listener)
    say(f"pages       {address}/")
    say(f"operations  {address}/operations")
    say(f"tables      {address}/docs")
    if HANDBOOK.is_dir():
        say(f"handbook    {address}/handbook")
    for warning in warnings(settings):
        say(f"warning: {warning}")
    say("Ctrl-C stops it")
    uvicorn.Server(configure(app, settings.serve_proxies)).run(sockets=[listener])


def configure(app: ASGIApp, proxies: Sequence[str] = ()) -> uvicorn.Config:
    """How uvicorn serves the app; proxies may tell who asked, and whether over TLS."""
    return uvicorn.Config(
        app,
        http=Connection,
        ws="none",
        lifespan="off",
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=bool(proxies),
        forwarded_allow_ips=list(proxies),
        timeout_graceful_shutdown=2,
    )


def build_app(
    settings: Settings,
    prefect_url: str | None,
    prefect_headers: Mapping[str, str],
    look: Look | None = None,
) -> ASGIApp:
    """The server's app for these settings."""
    secret = settings.operations_password
    password = secret.get_secret_value() if secret else None
    operations = Operations(
        lake=open_lake(settings),
        prefect=Prefect(prefect_url, utc_now, prefect_headers),
        doorkeeper=Doorkeeper(password or None, Guesses(time.monotonic), time.monotonic),
        starts=Limit(6, 10 * _MINUTE, time.monotonic),
        folders=tuple(map(str, (settings.lake_path, settings.work_path, PROJECT_ROOT, Path.cwd()))),
        clock=utc_now,
        look=look,
    )
    names = (*settings.serve_names, settings.serve_host)
    return create_app(settings.site_path, settings.docs_path, HANDBOOK, operations, names)


def warnings(settings: Settings) -> list[str]:
    """What a person should know before others can reach the server."""
    found = []
    if settings.serve_host not in LOOPBACK:
        found.append(
            f"SERVE_HOST is {settings.serve_host}: whoever reaches this machine reads the pages, "
            "and the password travels unencrypted; put a proxy with TLS in front of 127.0.0.1"
        )
    if settings.operations_password is None:
        found.append("OPERATIONS_PASSWORD is not set: the controls are off")
    elif _is_weak(settings.operations_password.get_secret_value()):
        found.append(
            "OPERATIONS_PASSWORD is easy to guess, and opens the controls; "
            f"take {_LONG_ENOUGH} characters or more, or four words that do not belong together"
        )
    return found


def _is_weak(password: str) -> bool:
    text = password.lower()
    return len(text) < _LONG_ENOUGH or len(set(text)) < _VARIED_ENOUGH or "password" in text


def address_of(listener: socket.socket) -> str:
    """Where a socket listens, `http://host:port`."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def bind(host: str, port: int) -> socket.socket:
    """Take an address of this machine, so that nobody else listens there."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        # From now on: bound alone, another could still be the one who listens.
        listener.listen(2048)
    except OSError as error:
        raise ConfigurationError(
            f"cannot serve at {host}:{port}: {error.strerror or error}",
            "set SERVE_PORT to a free port, or SERVE_HOST to an address of this machine",
        ) from error
    return listener
