"""What the Operations page asks for and orders: state, sign-in, the two controls."""

from __future__ import annotations

import asyncio
import json
import re
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response

from ingestion.config.errors import ReadableError
from ingestion.config.timestamps import format_timestamp
from reports.history import History, describe_run, read_history
from reports.server.answers import Refusal
from reports.server.session import check_origin

if TYPE_CHECKING:
    from starlette.requests import Request

    from ingestion.storage.base import Lake
    from reports.server.limits import Limit
    from reports.server.prefect import Prefect
    from reports.server.session import Doorkeeper

T = TypeVar("T")
# Nobody waits longer for a source that is slow.
PATIENCE_SECONDS = 2.0
Look = Callable[[History, datetime], dict[str, Any]]
# Each control with the deployment it starts and what the page answers.
CONTROLS = {
    "run": ("daily/daily", "The pipeline has been started."),
    "deploy": ("deploy/deploy", "Deploying the latest code has been started."),
}
# Many open pages ask the lake and Prefect no more often than one.
_SECONDS_KEPT = 1.0
_MOST_BYTES = 4_096
_RUNS_SHOWN = 20
# A path of this machine: of it, a stranger learns the last name only.
_PATH = re.compile(r"(?<![\w/:.])(?:~|[A-Za-z]:)?[/\\](?:[^\s/\\'\"<>|]+[/\\])+")
_LAKE_IS_LATE: dict[str, Any] = {
    "runs": [],
    "newest_visitor_at": None,
    "newest_play_at": None,
    "newest_day": None,
    "findings": [],
    "code": None,
    "last_good_at": None,
    "lake_error": {"error": "The lake has not answered yet.", "remedy": "wait a moment"},
}
_PREFECT_IS_LATE: dict[str, Any] = {
    "answers": False,
    "workers": 0,
    "active": [],
    "next": [],
    "error": "Prefect has not answered yet.",
    "remedy": "wait a moment, and see that its server is not overloaded",
}


class Latest(Generic[T]):
    """What a source said last; `late` while it has not answered yet. Kept for so many seconds.

    The source is asked in a thread of its own, one at a time: a source that hangs costs one
    thread and stalls nobody. Many who look at once ask it no more often than one.
    """

    def __init__(
        self, read: Callable[[], T], late: T, seconds: float, clock: Callable[[], float]
    ) -> None:
        self._read = read
        self._said = late
        self._seconds = seconds
        self._clock = clock
        self._read_at: float | None = None
        self._pending: asyncio.Future[T] | None = None

    def forget(self) -> None:
        """Ask again next time, however young the answer is."""
        self._read_at = None

    async def get(self) -> T:
        """The answer; an older one where the source takes longer than a person waits."""
        now = self._clock()
        is_old = self._read_at is None or now - self._read_at > self._seconds
        if is_old and (self._pending is None or self._pending.done()):
            self._pending = self._ask()
            self._read_at = now
        if self._pending is not None:
            done, _ = await asyncio.wait({self._pending}, timeout=PATIENCE_SECONDS)
            if done:
                self._said = self._pending.result()
        return self._said

    def _ask(self) -> asyncio.Future[T]:
        answer: Future[T] = Future()

        def work() -> None:
            try:
                answer.set_result(self._read())
            except Exception as error:  # noqa: BLE001 - it is raised where it is awaited
                answer.set_exception(error)

        # A daemon, for a source may hang: an executor's thread would be waited for at the end.
        threading.Thread(target=work, name="latest", daemon=True).start()
        return asyncio.wrap_future(answer)


@dataclass(slots=True)
class Operations:
    """The Operations page's other half."""

    lake: Lake
    prefect: Prefect
    doorkeeper: Doorkeeper
    # How often a control may be used.
    starts: Limit
    # Of this machine; no stranger needs to know them.
    folders: tuple[str, ...]
    clock: Callable[[], datetime]
    monotonic: Callable[[], float] = time.monotonic
    # Says of the history and the time `{findings, code}`.
    look: Look | None = None
    # Between looking whether anything runs and starting it, nobody else may.
    _starting: threading.Lock = field(default_factory=threading.Lock)
    _runs: Latest[dict[str, Any]] = field(init=False)
    _planned: Latest[dict[str, Any]] = field(init=False)

    def __post_init__(self) -> None:
        """Ask nothing yet."""
        self._runs = Latest(self._read_lake, _LAKE_IS_LATE, _SECONDS_KEPT, self.monotonic)
        planned = self.prefect.describe
        self._planned = Latest(planned, _PREFECT_IS_LATE, _SECONDS_KEPT, self.monotonic)

    async def state(self, request: Request) -> Response:
        """GET: how the pipeline stands, and what this session may do."""
        token = self.doorkeeper.token(request)
        lake, prefect = await asyncio.gather(self._runs.get(), self._planned.get())
        found = {"now": format_timestamp(self.clock()), **lake, "prefect": prefect}
        session = {
            "has_password": self.doorkeeper.has_password,
            "signed_in": token is not None,
            "token": token,
        }
        told = {**(found if token else self._without_paths(found)), "session": session}
        return JSONResponse(told, headers={"cache-control": "no-store"})

    async def sign_in(self, request: Request) -> Response:
        """POST `{"password": …}`: open a session."""
        password = (await _read_json(request)).get("password")
        if not isinstance(password, str):
            raise Refusal(400, "The request holds no password.", "use the Operations page")
        response = Response(status_code=204)
        await self.doorkeeper.sign_in(request, password, response)
        return response

    async def sign_out(self, request: Request) -> Response:
        """POST: end the session."""
        check_origin(request)
        response = Response(status_code=204)
        self.doorkeeper.sign_out(request, response)
        return response

    async def control(self, request: Request) -> Response:
        """POST: use a control."""
        self.doorkeeper.check(request)
        await _read_json(request)
        answer = await run_in_threadpool(self._start, request.path_params["control"])
        self._runs.forget()
        self._planned.forget()
        return answer

    def _start(self, control: str) -> Response:
        if control not in CONTROLS:
            raise Refusal(404, f"There is no control {control}.", "use the Operations page")
        deployment, said = CONTROLS[control]
        with self._starting:
            wait = self.starts.wait(control)
            if wait > 0:
                raise Refusal(
                    429,
                    "The control has been used often just now.",
                    f"wait {int(wait // 60) + 1} minutes",
                    retry_after=int(wait) + 1,
                )
            self._check_idle()
            name = self.prefect.start(deployment)
            self.starts.count(control)
        return JSONResponse({"said": said, "flow_run": name}, 202)

    def _check_idle(self) -> None:
        for run in self.prefect.fetch_active():
            raise Refusal(
                409,
                f"Prefect's run {run['name']} of {run['deployment']} is at work.",
                "wait until it has ended",
            )
        for name in read_history(self.lake).running:
            raise Refusal(
                409, f"The run {name} is at work, started by hand.", "wait until it has ended"
            )

    def _read_lake(self) -> dict[str, Any]:
        try:
            history = read_history(self.lake)
        except ReadableError as error:
            said = {"error": str(error), "remedy": error.remedy}
            return {**_LAKE_IS_LATE, "lake_error": said}
        past = history.until(self.clock())
        return {
            "runs": [describe_run(run) for run in reversed(past.runs[-_RUNS_SHOWN:])],
            "newest_visitor_at": history.newest_visitor_at,
            "newest_play_at": history.describe_resource("events")["newest_at"],
            "newest_day": history.describe_resource("media_by_date")["newest_at"],
            "last_good_at": history.last_good_at,
            "lake_error": None,
            **(self.look(history, self.clock()) if self.look else {"findings": [], "code": None}),
        }

    def _without_paths(self, value: Any) -> Any:  # noqa: ANN401 - JSON
        """The same for who is not signed in: of this machine's paths only the last names."""
        if isinstance(value, dict):
            return {name: self._without_paths(inner) for name, inner in value.items()}
        if isinstance(value, list):
            return [self._without_paths(inner) for inner in value]
        if not isinstance(value, str):
            return value
        for folder in self.folders:
            value = value.replace(folder, "…")
        return _PATH.sub("…/", value)


async def _read_json(request: Request) -> dict[str, Any]:
    # A form of another site can send text, but not this type without being asked first.
    if not request.headers.get("content-type", "").startswith("application/json"):
        raise Refusal(415, "The request is not JSON.", "use the Operations page")
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _MOST_BYTES:
            raise Refusal(413, "The request is too long.", "use the Operations page")
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise Refusal(400, "The request holds no JSON object.", "use the Operations page")
    return found
