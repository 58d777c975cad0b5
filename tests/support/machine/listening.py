"""Servers in this process, until their block ends: any, a webhook, a mail server."""

import json
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer


@contextmanager
def serving(server: socketserver.TCPServer) -> Iterator[int]:
    """Let a server that is bound answer in a thread; gives its port."""
    with server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield int(server.server_address[1])
        finally:
            server.shutdown()
            thread.join()


class Quiet(BaseHTTPRequestHandler):
    """A handler that writes no line a request."""

    def log_message(self, *_: object) -> None:
        return

    def reply(self, body: bytes, status: int = 200) -> None:
        self.send_response(status)
        self.send_header("content-length", "0" if self.command == "HEAD" else str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


@contextmanager
def answering(body: bytes) -> Iterator[str]:
    """A server that answers every GET with the same."""

    class Handler(Quiet):
        def do_GET(self) -> None:
            self.reply(body)

    with serving(HTTPServer(("127.0.0.1", 0), Handler)) as port:
        yield f"http://127.0.0.1:{port}/api"


@contextmanager
def listening(
    status: int = 204, headers: dict[str, str] | None = None
) -> Iterator[tuple[str, list[dict[str, str]]]]:
    """A webhook that keeps what is posted."""
    taken: list[dict[str, str]] = []

    class Handler(Quiet):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            taken.append(json.loads(body))
            self.send_response(status)
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.end_headers()

    with serving(HTTPServer(("127.0.0.1", 0), Handler)) as port:
        yield f"http://127.0.0.1:{port}/hook", taken


@contextmanager
def receiving_mail() -> Iterator[tuple[str, list[str]]]:
    """A mail server, `host:port`, that keeps the lines of every message."""
    taken: list[str] = []

    class Mail(socketserver.StreamRequestHandler):
        """Enough of SMTP to take messages."""

        def handle(self) -> None:
            self.wfile.write(b"220 ready\r\n")
            while line := self.rfile.readline():
                verb = line[:4].upper()
                if verb == b"DATA":
                    self.wfile.write(b"354 go on\r\n")
                    while (text := self.rfile.readline()) != b".\r\n":
                        taken.append(text.decode().rstrip())
                self.wfile.write(b"221 bye\r\n" if verb == b"QUIT" else b"250 ok\r\n")
                if verb == b"QUIT":
                    return

    with serving(socketserver.TCPServer(("127.0.0.1", 0), Mail)) as port:
        yield f"127.0.0.1:{port}", taken
