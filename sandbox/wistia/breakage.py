"""How a broken answer travels: the ASGI side of the faults."""

import asyncio
import json
import socket
import struct
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sandbox.wistia.faults import Fault, spoil

_DRIP = 10  # parts of a slow body
_HANG = 3600.0  # seconds; longer than any client waits


def too_many(retry_after: str) -> Response:
    """Return the answer over the rate limit."""
    return PlainTextResponse("Rate limit exceeded", 429, {"Retry-After": retry_after})


def refused(fault: Fault) -> Response | None:
    """Return the whole answer of a fault that never reaches the account, or None."""
    moment = datetime.now(UTC) + timedelta(seconds=fault.seconds)
    page = "<html><body><h1>Scheduled maintenance</h1></body></html>"
    wait = f"{fault.seconds:g}"
    if fault.kind == "429":
        return too_many(wait)
    if fault.kind == "retry_after_date":
        return too_many(format_datetime(moment, usegmt=True))
    if fault.kind == "scope":
        return missing_scope()
    if fault.kind == "html":
        return HTMLResponse(page)
    if fault.kind == "502":
        return HTMLResponse(page, 502)
    if fault.kind == "503":
        return JSONResponse({"error": "Service unavailable"}, 503, {"Retry-After": wait})
    if fault.kind == "500":
        return JSONResponse({"error": "Internal server error"}, 500)
    return None


def missing_scope() -> Response:
    """Return the answer to a token that lacks a permission."""
    error = "This token lacks a permission that the address needs."
    return JSONResponse({"code": "unauthorized_scope", "error": error}, 401)


async def reset(receive: Receive, send: Send) -> None:
    """Cut the connection so that the client sees a reset, not an end."""
    transport = getattr(getattr(receive, "__self__", None), "transport", None)
    if transport is None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        return
    link: socket.socket = transport.get_extra_info("socket")
    link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


async def hang(receive: Receive) -> None:
    """Say nothing until the client gives up."""
    try:
        async with asyncio.timeout(_HANG):
            while (await receive())["type"] != "http.disconnect":
                pass
    except TimeoutError:
        return


async def damaged(app: ASGIApp, scope: Scope, receive: Receive, send: Send, order: Fault) -> None:
    """Answer truly, then damage the body on its way out."""
    plain = [(name, value) for name, value in scope["headers"] if name != b"accept-encoding"]
    sent: list[Message] = []

    async def keep(message: Message) -> None:
        sent.append(message)

    await app(scope | {"headers": plain}, receive, keep)
    body = b"".join(message.get("body", b"") for message in sent[1:])
    start = sent[0]
    if order.kind == "truncate":
        await send(start)
        await send(
            {"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True}
        )
        return  # the server closes the connection: fewer bytes came than Content-Length said
    if order.kind == "slow":
        await _drip(start, body, order.seconds, send)
        return
    if order.kind == "malformed":
        body = body[: len(body) // 2] + b'{"'
    elif start["status"] == 200:  # noqa: PLR2004 - only an answer has records
        body = json.dumps(spoil(order, json.loads(body))).encode()
    await Response(body, start["status"], media_type="application/json")(scope, receive, send)


async def _drip(start: Message, body: bytes, seconds: float, send: Send) -> None:
    await send(start)
    size = len(body) // _DRIP + 1
    for begin in range(0, len(body), size):
        part = body[begin : begin + size]
        await send({"type": "http.response.body", "body": part, "more_body": True})
        await asyncio.sleep(seconds / _DRIP)
    await send({"type": "http.response.body", "body": b""})
