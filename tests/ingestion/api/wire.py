"""A real HTTP server in a thread whose every byte a test decides."""

import json
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True)
class Asked:
    """One request as it came: path under the origin, query, headers, whose connection."""

    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    connection: tuple[str, int]

    @property
    def page(self) -> int:
        return int(self.query.get("page", ["1"])[0])


@dataclass(frozen=True)
class Reply:
    """One answer; with `raw` the test speaks on the socket itself."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    raw: Callable[[socket.socket], None] | None = None


def as_json(value: object, status: int = 200, **headers: str) -> Reply:
    return Reply(json.dumps(value).encode(), status, {"Content-Type": "application/json"} | headers)


def text(body: str, status: int = 200, **headers: str) -> Reply:
    """Header names are given with `_` for `-`."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(body.encode(), status, {"Content-Type": "text/plain"} | named)


def bytes_then_close(data: bytes) -> Reply:
    """These bytes, head included, then the end of the connection."""
    return Reply(raw=lambda link: link.sendall(data))


def reset() -> Reply:
    def cut(link: socket.socket) -> None:
        link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        link.close()

    return Reply(raw=cut)


class _Handler(BaseHTTPRequestHandler):
    server: "_Server"
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        query = parse_qs(parts.query, keep_blank_values=True)
        asked = Asked(parts.path, query, headers, self.client_address)
        self.server.wire.asked.append(asked)
        self._send(self.server.wire.answer(asked))

    def _send(self, reply: Reply) -> None:
        if reply.raw is not None:
            self.close_connection = True
            reply.raw(self.connection)
            return
        self.send_response_only(reply.status)
        if "Date" not in reply.headers and self.server.wire.tells is not None:
            self.send_header("Date", self.date_time_string(self.server.wire.tells()))
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        self.wfile.write(reply.body)

    def log_message(self, *_: object) -> None:
        return

    def finish(self) -> None:
        try:
            super().finish()
        except (OSError, ValueError):
            return  # the test cut the connection

    def handle(self) -> None:
        try:
            super().handle()
        except (OSError, ValueError):
            return  # the client hung up on a broken answer


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, wire: "Wire") -> None:
        self.wire = wire
        super().__init__(("127.0.0.1", 0), _Handler)


class Wire:
    """The server's address, what it was asked and how it answers."""

    def __init__(self, answer: Callable[[Asked], Reply]) -> None:
        self.answer = answer
        self.asked: list[Asked] = []
        # What its answers say in `Date`, seconds since 1970; None for answers without one.
        self.tells: Callable[[], float] | None = None
        self.crumbs = 0
        self.closing = threading.Event()
        self._server = _Server(self)
        self.origin = f"http://127.0.0.1:{self._server.server_address[1]}"
        self.base_url = f"{self.origin}/v1"

    def paths(self) -> list[str]:
        return [asked.path for asked in self.asked]

    def drip(self, head: bytes, parts: list[bytes], seconds: float) -> Reply:
        """Send the parts that many seconds apart, as long as the test runs."""

        def send(link: socket.socket) -> None:
            link.sendall(head)
            for part in parts:
                link.sendall(part)
                self.crumbs += 1
                if self.closing.wait(seconds):
                    return

        return Reply(raw=send)

    def hang(self) -> Reply:
        return Reply(raw=lambda _link: (self.closing.wait(60), None)[1])

    @contextmanager
    def running(self) -> Iterator["Wire"]:
        thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self.closing.set()
            self._server.shutdown()
            self._server.server_close()


@dataclass
class Timeline:
    """A clock that only a sleep moves; seconds."""

    now: float = 1000.0
    slept: list[float] = field(default_factory=list)

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds
