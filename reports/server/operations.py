"""What the Operations page asks for and orders: state, sign-in, the two controls."""

from __future__ import annotations

import asyncio
import json
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response

from ingestion.config.errors import ReadableError
from ingestion.config.timestamps import format_timestamp
from reports.history import History, describe_run, read_history
from reports.server.answers import Refusal
from reports.server.latest import Latest
from reports.server.session import check_origin

if TYPE_CHECKING:
    from starlette.requests import Request

    from ingestion.storage.base import Lake
    from reports.server.limits import Limit
    from reports.server.prefect import Prefect
    from reports.server.session import Doorkeeper

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
# What `look` says where nobody looks.
_NO_LOOK: dict[str, Any] = {"findings": [], "code": None}
_PREFECT_IS_LATE: dict[str, Any] = {
    "answers": False,
    "workers": 0,
    "active": [],
    "next": [],
    "error": "Prefect has not answered yet.",
    "remedy": "wait a moment, and see that its server is not overloaded",
}


@dataclass(slots=True)
class Operations:
    """The Operations page's other half.

    Attributes:
        lake: Holds the history of runs.
        prefect: Starts runs, and knows those to come.
        doorkeeper: Decides who may.
        starts: How often a control may be used.
        folders: Folders of this machine that no stranger needs to know.
        clock: The time, UTC.
        look: Says of the history and the time `{findings, code}`; None says nothing of them.
        monotonic: Seconds that only go on.
    """

    lake: Lake
    prefect: Prefect
    doorkeeper: Doorkeeper
    starts: Limit
    folders: tuple[str, ...]
    clock: Callable[[], datetime]
    monotonic: Callable[[], float] = time.monotonic
    look: Look | None = None
    # Between looking whether anything runs and starting it, nobody else may.
    _starting: threading.Lock = field(default_factory=threading.Lock)
    _runs: Latest[dict[str, Any]] = field(init=False)
    _planned: Latest[dict[str, Any]] = field(init=False)

    def __post_init__(self) -> None:
        """Ask nothing yet."""
        self._runs = Latest(self._read_lake, _LAKE_IS_LATE, _SECONDS_KEPT, self.monotonic)
        self._planned = Latest(
            self.prefect.describe, _PREFECT_IS_LATE, _SECONDS_KEPT, self.monotonic
        )

    async def state(self, request: Request) -> Response:
        """GET: how the pipeline stands, and what this session may do."""
        token = self.doorkeeper.token(request)
        lake, prefect = await asyncio.gather(self._runs.get(), self._planned.get())
        found = {"now": format_timestamp(self.clock()), **lake, "prefect": prefect}
        found = found if token else self._without_paths(found)
        session = {
            "has_password": self.doorkeeper.has_password,
            "signed_in": token is not None,
            "token": token,
        }
        headers = {"cache-control": "no-store"}
        return JSONResponse({**found, "session": session}, headers=headers)

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
        """POST: use a control.

        Raises:
            Refusal: Not allowed, too often, another run is at work, Prefect does not answer.
        """
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
        active = self.prefect.fetch_active()
        if active:
            run = active[0]
            raise Refusal(
                409,
                f"Prefect's run {run['name']} of {run['deployment']} is at work.",
                "wait until it has ended",
            )
        if running := read_history(self.lake).running:
            raise Refusal(
                409, f"The run {running[0]} is at work, started by hand.", "wait until it has ended"
            )

    def _read_lake(self) -> dict[str, Any]:
        try:
            history = read_history(self.lake)
        except ReadableError as error:
            said = {"error": str(error), "remedy": error.remedy}
            return {**_LAKE_IS_LATE, "lake_error": said}
        return {
            "runs": [describe_run(run) for run in reversed(history.runs[-_RUNS_SHOWN:])],
            "newest_visitor_at": history.newest_visitor_at,
            "newest_play_at": history.describe_resource("events")["newest_at"],
            "newest_day": history.describe_resource("media_by_date")["newest_at"],
            "last_good_at": history.last_good_at,
            "lake_error": None,
            **(self.look(history, self.clock()) if self.look else _NO_LOOK),
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
