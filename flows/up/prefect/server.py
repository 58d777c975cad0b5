"""`python -m flows.up.prefect.server NUMBER`: Prefect behind a password, on a given socket.

The socket is bound by `up`, which holds it as long as it runs: who asks at its address reaches
this server or waits for it, and nobody else can listen there, not between two starts either.
Prefect's own check leaves its pages, its settings and its health open; here nothing answers who
does not show the password. Its web sockets ask for it in their first message.
"""

from __future__ import annotations

import hmac
import os
import socket
import sys
from typing import TYPE_CHECKING

import uvicorn
from prefect.server.api.server import create_app
from starlette.responses import PlainTextResponse

from flows.up.prefect.access import basic

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

_ASK = {"www-authenticate": 'Basic realm="Prefect of wistia-elt"'}


def lock(app: ASGIApp, auth: str) -> ASGIApp:
    """The app, answering only who shows the password, `name:password`."""
    wanted = basic(auth)["authorization"].encode()
    refusal = PlainTextResponse("a password is needed", 401, _ASK)

    async def locked(scope: Scope, receive: Receive, send: Send) -> None:
        shown = dict(scope.get("headers", ())).get(b"authorization", b"")
        is_let_in = scope["type"] != "http" or hmac.compare_digest(shown, wanted)
        await (app if is_let_in else refusal)(scope, receive, send)

    return locked


def main() -> None:
    """Serve until told to stop."""
    listener = socket.socket(fileno=int(sys.argv[1]))
    app = lock(create_app(final=True), os.environ["PREFECT_SERVER_API_AUTH_STRING"])
    config = uvicorn.Config(app, log_level="info", timeout_graceful_shutdown=1)
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main()
