"""HTTP/1.1 as uvicorn speaks it, but for requests that are never finished."""

from __future__ import annotations

from typing import TYPE_CHECKING

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from reports.server.policy import COMMON, STRICT

if TYPE_CHECKING:
    import asyncio

# A browser on the worst line sends its few hundred bytes in less.
ASKING_SECONDS = 10.0
_ASKED = {h11.DONE, h11.MUST_CLOSE, h11.CLOSED, h11.ERROR}


class Connection(H11Protocol):
    """Drops whoever takes too long to ask, and dresses the refusals that uvicorn makes itself."""

    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self._watch()

    def data_received(self, data: bytes) -> None:
        """Take what came; it may be a part only."""
        super().data_received(data)
        self._watch()

    def on_response_complete(self) -> None:
        """Begin to wait for the rest of the next request, where some of it is here."""
        super().on_response_complete()
        if self.conn.trailing_data[0]:
            self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        self._stop_watching()
        super().connection_lost(exc)

    def _watch(self) -> None:
        if self.conn.their_state in _ASKED:
            self._stop_watching()
        elif self._deadline is None:
            self._deadline = self.loop.call_later(ASKING_SECONDS, self._drop)

    def _stop_watching(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _drop(self) -> None:
        self._deadline = None
        if not self.transport.is_closing():
            self.transport.abort()

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no HTTP, with the headers of every other answer."""
        if self.conn.our_state in {h11.IDLE, h11.SEND_RESPONSE}:  # else an answer is on its way
            headers = {
                **COMMON,
                "content-security-policy": STRICT,
                "content-type": "text/plain; charset=utf-8",
                "connection": "close",
            }
            lines = [f"{name}: {value}" for name, value in headers.items()]
            answer = "\r\n".join(["HTTP/1.1 400 Bad Request", *lines, "", f"{msg}\n"])
            self.transport.write(answer.encode())
        self.transport.close()
