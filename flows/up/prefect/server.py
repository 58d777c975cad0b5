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


class Locked:
    """An app that answers only who shows the password, `name:password`."""

    def __init__(self, app: ASGIApp, auth: str) -> None:
        self._app = app
        self._shown = basic(auth)["authorization"].encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "http":
            shown = dict(scope["headers"]).get(b"authorization", b"")
            if not hmac.compare_digest(shown, self._shown):
                refusal = PlainTextResponse("a password is needed", 401, _ASK)
                await refusal(scope, receive, send)
                return
        await self._app(scope, receive, send)


def main() -> None:
    """Serve until told to stop."""
    listener = socket.socket(fileno=int(sys.argv[1]))
    app = Locked(create_app(final=True), os.environ["PREFECT_SERVER_API_AUTH_STRING"])
    config = uvicorn.Config(app, log_level="info", timeout_graceful_shutdown=1)
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main()
