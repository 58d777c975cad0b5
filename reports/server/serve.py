"""Start the server on the host and port of the settings, and say where it is."""

from __future__ import annotations

import socket
import time
from pathlib import Path
from typing import TYPE_CHECKING

import uvicorn

from ingestion.config.errors import ConfigurationError
from ingestion.config.settings import PROJECT_ROOT
from ingestion.config.timestamps import utc_now
from ingestion.storage.base import open_lake
from reports.server.app import LOOPBACK, create_app
from reports.server.connection import Connection
from reports.server.guesses import Guesses
from reports.server.limits import Limit
from reports.server.operations import Operations
from reports.server.prefect import Prefect
from reports.server.session import Doorkeeper

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from starlette.types import ASGIApp

    from ingestion.config.settings import Settings
    from reports.server.operations import Look

# Where `make docs` puts the documents as a site.
HANDBOOK = PROJECT_ROOT / "build" / "docs"
_MINUTE = 60
_LONG_ENOUGH = 12
_VARIED_ENOUGH = 6


def serve(  # noqa: PLR0913, PLR0917 - what the server is made of
    settings: Settings,
    prefect_url: str | None,
    prefect_headers: Mapping[str, str],
    say: Callable[[str], None],
    descriptor: int | None = None,
    look: Look | None = None,
) -> None:
    """Serve until told to stop, on the socket that a parent has bound or on one of ours.

    Raises:
        ConfigurationError: The port is taken, or the host is not this machine's.
        LakeError: The lake cannot be opened.
    """
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
    """The server's app for these settings.

    Raises:
        LakeError: The lake cannot be opened.
    """
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
    """Take an address of this machine, so that nobody else listens there.

    Raises:
        ConfigurationError: It is taken, or not this machine's.
    """
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
