"""The server on a free port, over folders and a lake of the test's own."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import requests
import uvicorn
from playwright.sync_api import Browser
from starlette.types import ASGIApp

from ingestion.state.manifest import IngestTotals, Manifest, StageRun
from ingestion.storage.local import LocalLake
from reports.server.app import configure, create_app
from reports.server.limits import Guesses, Limit
from reports.server.operations import Look, Operations
from reports.server.prefect import Prefect
from reports.server.session import Doorkeeper
from tests.support.machine.browser import running_chromium

NOW = datetime(2026, 1, 10, 9, 0, tzinfo=UTC)
PASSWORD = "open sesame"  # noqa: S105  # pragma: allowlist secret


@dataclass
class Clock:
    """A clock that moves when the test says so."""

    seconds: float = 0.0
    slept: float = 0.0

    async def sleep(self, seconds: float) -> None:
        self.slept += seconds

    def utc(self) -> datetime:
        return NOW + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return self.seconds


@dataclass
class Home:
    """A lake, a site and docs, and what serves them."""

    folder: Path
    clock: Clock = field(default_factory=Clock)

    @property
    def site(self) -> Path:
        return self.folder / "site"

    @property
    def docs(self) -> Path:
        return self.folder / "docs"

    @property
    def handbook(self) -> Path:
        return self.folder / "handbook"

    @property
    def lake(self) -> LocalLake:
        return LocalLake(self.folder / "lake")

    def write_run(self, run_id: str, **fields: object) -> Manifest:
        """Leave the manifest of a run, completed in two stages when nothing else is said."""
        began = "2026-01-10T07:54:00.000000Z"
        manifest = Manifest.model_validate(
            {
                "run_id": run_id,
                "kind": "run",
                "state": "completed",
                "started_at": began,
                "finished_at": "2026-01-10T07:55:42.000000Z",
                "exit_code": 0,
                "code_version": "0.1.0+gabc1234",
                "ingest": IngestTotals(started_at=began, newest_visitor_at=began),
                "stages": [completed("ingest"), completed("build")],
                **fields,
            }
        )
        manifest.save(self.lake)
        return manifest

    def app(  # noqa: PLR0913, PLR0917 - what a server can be given
        self,
        password: str | None = PASSWORD,
        prefect: str | None = None,
        headers: dict[str, str] | None = None,
        names: tuple[str, ...] = (),
        utc: Callable[[], datetime] | None = None,
        look: Look | None = None,
    ) -> ASGIApp:
        clock = self.clock
        operations = Operations(
            lake=self.lake,
            prefect=Prefect(prefect, utc or clock.utc, headers or {}),
            doorkeeper=Doorkeeper(password, Guesses(clock.monotonic, clock.sleep), clock.monotonic),
            starts=Limit(2, 600, clock.monotonic),
            folders=("/srv/wistia elt/lake",),
            clock=utc or clock.utc,
            monotonic=clock.monotonic,
            look=look,
        )
        return create_app(self.site, self.docs, self.handbook, operations, names)


def completed(stage: str) -> StageRun:
    return StageRun(
        stage=stage,
        state="completed",
        started_at="2026-01-10T07:54:00.000000Z",
        finished_at="2026-01-10T07:54:40.000000Z",
    )


@dataclass
class Client:
    """A browser's side of the page, without a browser."""

    origin: str
    session: requests.Session = field(default_factory=requests.Session)

    def get(self, path: str, **headers: str) -> requests.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.session.get(
            self.origin + path, headers=named, timeout=30, allow_redirects=False
        )

    def post(self, path: str, body: object = None, **headers: str) -> requests.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        given = {"origin": self.origin, **named}
        return self.session.post(self.origin + path, json=body or {}, headers=given, timeout=30)

    def sign_in(self, password: str = PASSWORD) -> str:
        """Open a session; returns its token."""
        assert self.post("/api/sign-in", {"password": password}).status_code == 204
        return str(self.get("/api/state").json()["session"]["token"])


@contextmanager
def serving(app: ASGIApp, proxies: tuple[str, ...] = ()) -> Iterator[Client]:
    """Serve an app on a free port until the block ends."""
    config = configure(app, proxies)
    config.port = 0
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive(), "the server did not start"
        port = server.servers[0].sockets[0].getsockname()[1]
        yield Client(f"http://127.0.0.1:{port}")
    finally:
        server.should_exit = True
        thread.join()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The machine's own Chromium, one for all: Playwright runs once in a process."""
    with running_chromium() as found:
        yield found


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


@pytest.fixture
def client(home: Home) -> Iterator[Client]:
    with serving(home.app()) as found:
        yield found
