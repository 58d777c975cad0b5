"""The addresses under `/_sandbox`: no token, no limit, no log."""

import dataclasses
import json
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, TypeVar

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from sandbox.wistia.account.media import invent
from sandbox.wistia.account.world import Change, World
from sandbox.wistia.habits.faults import parse_fault
from sandbox.wistia.habits.gate import CONTROL, Gate
from sandbox.wistia.habits.movement import Pace

T = TypeVar("T")
Endpoint = Callable[[Request], Awaitable[Response]]
_LINES_A_CHUNK = 1_000


class Control:
    """Steers one account and the gate before it."""

    def __init__(self, world: World, gate: Gate) -> None:
        self.world, self.gate = world, gate

    def routes(self) -> list[Route]:
        """Return the control addresses."""
        table: list[tuple[str, str, Callable[[Any], object]]] = [
            ("GET", "/state", lambda _: self._state()),
            ("POST", "/advance", self._advance),
            ("POST", "/media", self._media),
            ("POST", "/shift", self._shift),
            ("DELETE", "/shift", lambda _: self._still()),
            ("POST", "/faults", self._order),
            ("GET", "/faults", lambda _: self._orders()),
            ("DELETE", "/faults", lambda _: self._mend()),
            ("POST", "/clock", self._clock),
            ("DELETE", "/requests", lambda _: self.gate.log.clear()),
        ]
        routes = [
            Route(CONTROL + path, _endpoint(act), methods=[verb]) for verb, path, act in table
        ]
        routes.append(Route(CONTROL + "/requests", self._requests, methods=["GET"]))
        routes.append(Route(CONTROL + "/visitors", self._visitors, methods=["GET"]))
        return routes

    def _state(self) -> object:
        self.gate.movement.catch_up()
        return self.world.state()

    def _advance(self, body: dict[str, Any]) -> object:
        self.gate.movement.catch_up()
        begin = self.world.now
        state = self.world.apply(_from_json(Change, body))
        self.gate.movement.skip(self.world.now - begin)
        return state

    def _media(self, body: dict[str, Any]) -> object:
        library = self.world.library
        count = int(body["count"])
        start = self.world.calendar.start
        library += [invent(self.world.seed, n, start) for n in range(len(library), count)]
        del library[count:]
        return self.world.state()

    def _shift(self, body: dict[str, Any]) -> object:
        self.gate.movement.set(_from_json(Pace, body))
        return body

    def _still(self) -> object:
        self.gate.movement.catch_up()
        moved = self.gate.movement.moved
        self.gate.movement.set(None)
        return moved

    def _clock(self, body: dict[str, Any]) -> object:
        self.gate.clock_offset = float(body["offset"])
        return body

    def _order(self, body: list[dict[str, Any]] | dict[str, Any]) -> object:
        orders = body if isinstance(body, list) else [body]
        self.gate.faults.orders += [parse_fault(order) for order in orders]
        return self._orders()

    def _orders(self) -> object:
        return [dataclasses.asdict(fault) for fault in self.gate.faults.orders]

    def _mend(self) -> object:
        self.gate.faults.orders.clear()
        return []

    async def _requests(self, request: Request) -> Response:
        newest = int(request.query_params.get("newest", "100"))
        return JSONResponse(self.gate.log.report(newest))

    async def _visitors(self, _request: Request) -> Response:
        """Answer with the whole list as it stands, one object a line: the truth for a test."""
        return StreamingResponse(self._lines(), media_type="application/x-ndjson")

    def _lines(self) -> Iterator[str]:
        people = self.world.people
        fields = ("visitor_key", "last_active_at", "load_count", "play_count")
        numbers = list(people.numbers())
        # A chunk costs as much as its lines when it holds one.
        for start in range(0, len(numbers), _LINES_A_CHUNK):
            bodies = (
                people.body(people.visitor(n)) for n in numbers[start : start + _LINES_A_CHUNK]
            )
            yield "".join(
                json.dumps({name: body[name] for name in fields}) + "\n" for body in bodies
            )


def _endpoint(act: Callable[[Any], object]) -> Endpoint:
    async def serve(request: Request) -> Response:
        try:
            raw = await request.body()
            return JSONResponse(act(json.loads(raw) if raw else {}))
        except (ValueError, KeyError, TypeError) as error:
            return JSONResponse({"error": f"{type(error).__name__}: {error}"}, 400)

    return serve


def _from_json(kind: Callable[..., T], body: dict[str, Any]) -> T:
    try:
        return kind(**body)
    except TypeError as error:
        raise ValueError(str(error)) from None
