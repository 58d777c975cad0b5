"""The whole server: addresses, gate and control around one account."""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date

from starlette.applications import Starlette
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp

from sandbox.wistia.account.world import World, create_world
from sandbox.wistia.api.answers import Answer, Refusal, refuse
from sandbox.wistia.api.days import Days
from sandbox.wistia.api.events import Events
from sandbox.wistia.api.library import Library
from sandbox.wistia.api.stats import Stats
from sandbox.wistia.chance import stream
from sandbox.wistia.clock import first_run
from sandbox.wistia.habits.control import Control
from sandbox.wistia.habits.faults import Faults
from sandbox.wistia.habits.gate import SCOPES, Gate
from sandbox.wistia.habits.latency import Latency
from sandbox.wistia.habits.limits import Log, RateLimit
from sandbox.wistia.habits.movement import Movement


@dataclass(frozen=True)
class Options:
    """What the command line can set; see its help."""

    today: date
    seed: int
    visitors: int
    media: int
    identified: float
    latency: float
    rate_limit: int
    page_cap: int
    token: str
    scopes: frozenset[str] = SCOPES


def create_app(options: Options, clock: Callable[[], float] = time.monotonic) -> ASGIApp:
    """Build the server for one account; `clock` counts seconds for limit, log and movement."""
    start = first_run(options.today)
    world = create_world(options.seed, options.visitors, options.media, options.identified, start)
    answers = Starlette(exception_handlers={Refusal: refuse, 404: _unknown})
    gate = Gate(
        app=GZipMiddleware(answers, minimum_size=500, compresslevel=1),
        seed=options.seed,
        token=options.token,
        scopes=options.scopes,
        limit=RateLimit(options.rate_limit, clock),
        log=Log(clock),
        faults=Faults(stream(options.seed, "faults")),
        latency=Latency(options.latency, stream(options.seed, "latency")),
        movement=Movement(world, stream(options.seed, "movement"), clock),
    )
    addresses = [*_stats(world, options.page_cap), *_library(Library(world, options.scopes))]
    answers.router.routes += Control(world, gate).routes()
    answers.router.routes += [Mount(base, routes=addresses) for base in ("/v1", "/modern")]
    return gate


def _stats(world: World, page_cap: int) -> list[Route]:
    stats, days, events = Stats(world, page_cap), Days(world), Events(world, page_cap)
    return [
        _get("/stats/visitors", stats.visitors),
        _get("/stats/medias/{id}", stats.medium),
        _get("/stats/medias/{id}/engagement", stats.engagement),
        _get("/stats/account", stats.account),
        _get("/stats/medias/{id}/by_date", days.of_medium),
        _get("/stats/events", events.events),
    ]


def _library(library: Library) -> list[Route]:
    # v1's documents write the first with a `.json` ending, the maintained line without.
    return [
        _get("/medias.json", library.medias),
        _get("/medias", library.medias),
        _get("/account", library.account),
        _get("/token", library.token),
    ]


def _get(path: str, answer: Answer) -> Route:
    async def serve(request: Request) -> Response:
        return JSONResponse(answer(request))

    serve_get: Callable[[Request], Awaitable[Response]] = serve
    return Route(path, serve_get, methods=["GET"])


async def _unknown(_request: Request, _error: Exception) -> Response:
    return JSONResponse({"error": "Not found"}, 404)
