"""How a broken answer travels: the ASGI side of the faults."""

import asyncio
import json
import socket
import struct
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sandbox.wistia.habits.faults import Fault, spoil

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
    answers: dict[str, Response] = {
        "429": too_many(wait),
        "retry_after_date": too_many(format_datetime(moment, usegmt=True)),
        "scope": missing_scope(),
        "html": HTMLResponse(page),
        "500": JSONResponse({"error": "Internal server error"}, 500),
        "502": HTMLResponse(page, 502),
        "503": JSONResponse({"error": "Service unavailable"}, 503, {"Retry-After": wait}),
    }
    return answers.get(fault.kind)


def missing_scope() -> Response:
    """Return the answer to a token that lacks a permission."""
    error = "This token lacks a permission that the address needs."
    return JSONResponse({"code": "unauthorized_scope", "error": error}, 401)


async def reset(receive: Receive) -> None:
    """Cut the connection so that the client sees a reset, not an end."""
    transport = _transport(receive)
    link: socket.socket = transport.get_extra_info("socket")
    # With a lingering time of zero, closing sends a reset and drops what is unsent.
    link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
    await _until_disconnected(receive)


async def hang(receive: Receive) -> None:
    """Say nothing until the client gives up."""
    try:
        async with asyncio.timeout(_HANG):
            await _until_disconnected(receive)
    except (TimeoutError, asyncio.CancelledError):
        # The server is being stopped, or nobody waits this long: no answer either way.
        await reset(receive)


async def damaged(app: ASGIApp, scope: Scope, receive: Receive, send: Send, order: Fault) -> None:
    """Answer truly, then damage the body on its way out."""
    plain = [(name, value) for name, value in scope["headers"] if name != b"accept-encoding"]
    sent: list[Message] = []

    async def keep(message: Message) -> None:
        sent.append(message)

    await app({**scope, "headers": plain}, receive, keep)
    body = b"".join(message.get("body", b"") for message in sent[1:])
    start = sent[0]
    if order.kind == "truncate":
        await send(start)
        await send(
            {"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True}
        )
        # Fewer bytes than Content-Length promised.
        _transport(receive).close()
        await _until_disconnected(receive)
        return
    if order.kind == "slow":
        await _drip(start, body, order.seconds, send)
        return
    if order.kind == "malformed":
        body = body[: len(body) // 2] + b'{"'
    elif start["status"] == 200:  # noqa: PLR2004 - only an answer has records
        body = json.dumps(spoil(order, json.loads(body))).encode()
    await Response(body, start["status"], media_type="application/json")(scope, receive, send)


def _transport(receive: Receive) -> asyncio.Transport:
    """Return the connection under a request: ASGI has no way to break one, uvicorn's has."""
    transport: asyncio.Transport = receive.__self__.transport  # type: ignore[attr-defined]
    return transport


async def _until_disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _drip(start: Message, body: bytes, seconds: float, send: Send) -> None:
    await send(start)
    size = len(body) // _DRIP + 1
    for begin in range(0, len(body), size):
        await asyncio.sleep(seconds / _DRIP)
        part = body[begin : begin + size]
        await send({"type": "http.response.body", "body": part, "more_body": True})
    await send({"type": "http.response.body", "body": b""})
