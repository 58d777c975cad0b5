"""A faulty front before moto's server: what S3 and the network do to a request, over the wire."""

import http.client
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.ingestion.api.wire import Reply

# A reply given instead of moto's, which is never asked; or what becomes of moto's own.
Fault = Reply | Callable[[Reply], Reply]


def refusal(code: str, status: int, said: str = "no", **headers: str) -> Reply:
    """An error as S3 writes it; header names are given with `_` for `-`."""
    body = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>{said}</Message></Error>"
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(body.encode(), status, {"Content-Type": "application/xml"} | named)


def lost(_answer: Reply) -> Reply:
    """It was done, and the connection ends before the answer."""
    return Reply(raw=lambda link: link.shutdown(2))


def broken_off(answer: Reply) -> Reply:
    """Half of the body, and the connection ends."""
    lines = "".join(f"{name}: {value}\r\n" for name, value in answer.headers.items())
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(answer.body)}\r\n{lines}\r\n".encode()
    return Reply(raw=lambda link: link.sendall(head + answer.body[: len(answer.body) // 2]))


def shortened(answer: Reply) -> Reply:
    """Half of the body, and a length that fits it: only the checksum tells."""
    return Reply(answer.body[: len(answer.body) // 2], answer.status, answer.headers)


def flipped(answer: Reply) -> Reply:
    """One byte is another."""
    body = bytearray(answer.body)
    body[len(body) // 2] ^= 0x20
    return Reply(bytes(body), answer.status, answer.headers)


@dataclass
class Order:
    """A fault that waits for its request."""

    method: str
    part: str
    fault: Fault
    times: int


class _Handler(BaseHTTPRequestHandler):
    server: "_Server"
    protocol_version = "HTTP/1.1"

    def _serve(self) -> None:
        fault = self.server.front.take(self.command, self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if isinstance(fault, Reply):
            self._send(fault)
            return
        headers = {name: value for name, value in self.headers.items() if name != "Expect"}
        answer = self.server.front.pass_on(self.command, self.path, body, headers)
        self._send(fault(answer) if fault else answer)

    do_GET = do_PUT = do_HEAD = do_DELETE = do_POST = _serve  # noqa: N815 - http.server's names

    def _send(self, reply: Reply) -> None:
        if reply.raw is not None:
            self.close_connection = True
            reply.raw(self.connection)
            return
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(reply.body)

    def log_message(self, *_: object) -> None:
        return

    def handle(self) -> None:
        try:
            super().handle()
        except (OSError, ValueError):
            return  # one of the two hung up

    def finish(self) -> None:
        try:
            super().finish()
        except (OSError, ValueError):
            return


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, front: "Front") -> None:
        self.front = front
        super().__init__(("127.0.0.1", 0), _Handler)


class Front:
    """Passes requests on to moto, but for those a fault was ordered for."""

    def __init__(self, moto: str) -> None:
        self.moto = moto.removeprefix("http://")
        self.asked: list[str] = []
        self.orders: list[Order] = []
        self._server = _Server(self)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def order(self, method: str, part: str, fault: Fault, times: int = 1) -> None:
        """Meet the next requests of this method whose address holds `part` with a fault."""
        self.orders.append(Order(method, part, fault, times))

    def heal(self) -> None:
        self.orders.clear()

    def count(self, method: str, part: str) -> int:
        return sum(line.startswith(method) and part in line for line in self.asked)

    def take(self, method: str, path: str) -> Fault | None:
        """The fault this request meets."""
        self.asked.append(f"{method} {path}")
        for order in self.orders:
            if order.times and order.method == method and order.part in path:
                order.times -= 1
                return order.fault
        return None

    def pass_on(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> Reply:
        """What moto answers."""
        link = http.client.HTTPConnection(self.moto, timeout=30)
        link.request(method, path, body, headers)
        answer = link.getresponse()
        dropped = {"content-length", "connection", "date", "server", "transfer-encoding"}
        kept = {name: value for name, value in answer.getheaders() if name.lower() not in dropped}
        reply = Reply(answer.read(), answer.status, kept)
        link.close()
        return reply

    @contextmanager
    def running(self) -> Iterator["Front"]:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()
