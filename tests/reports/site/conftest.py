"""Two accounts with their pages built and served: one of two videos, one of none.

A build takes a minute or more and 4 GB, so these two are all there are; forty videos are
`python -m tests.soak pages`. Bronze, tables, export, build and server are the project's own;
the account is the sandbox's.
"""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock
from playwright.sync_api import Browser, ConsoleMessage, Page, Request

from ingestion.admin.rebuild import rebuild
from ingestion.config.settings import Settings
from ingestion.storage.local import LocalLake
from tests.support.bronze.writer import BronzeWriter
from tests.support.commands.command_line import CommandLine
from tests.support.machine.browser import visiting
from tests.support.machine.servers import running_sandbox

PAGES = (
    *("/", "/trends/", "/media/", "/compare/", "/viewing/", "/audience/"),
    *("/recency-and-frequency/", "/data-health/", "/glossary/"),
)
Open = Callable[..., Page]
PHONE, DESK = (390, 844), (1440, 900)
TODAY = datetime.now(UTC).date()
YESTERDAY = {
    "load_count": 111000,
    "play_count": 16600,
    "play_rate": 0.1549,
    "hours_watched": 335.0,
    "engagement": 0.167,
    "visitors": 104400,
}


@dataclass(frozen=True)
class Account:
    """A lake whose pages are built and served.

    Attributes:
        url: Of the server, without a slash at its end.
        media: Ids of its videos.
    """

    cli: CommandLine
    url: str
    media: tuple[str, ...]

    @property
    def site(self) -> Path:
        return self.cli.lake / "site"

    @property
    def pages(self) -> tuple[str, ...]:
        return PAGES + tuple(f"/media/{one}/" for one in self.media[:1])

    def value(self, sql: str) -> Any:  # noqa: ANN401
        return self.cli.rows(sql)[0][0]


@contextmanager
def published(folder: Path, media: int, visitors: int) -> Iterator[Account]:
    """Read, build, publish and serve an account of so many videos and visitors."""
    if shutil.which("npm", path=os.environ["TESTS_REAL_PATH"]) is None:
        pytest.skip("Node is not on PATH: the pages cannot be built")
    with running_sandbox(visitors=max(visitors, 1), today=TODAY.isoformat()) as sandbox:
        sandbox.control("POST", "media", {"count": max(media, 1)})
        settings = {**sandbox.environment, "PATH": os.environ["TESTS_REAL_PATH"], "SERVE_PORT": "0"}
        cli = CommandLine(folder, {**settings, "AS_OF_DATE": TODAY.isoformat()})
        if media:
            cli.succeed("ingest")
            at = f"{TODAY - timedelta(days=1)}T07:54:00.000000Z"
            BronzeWriter(cli.lake).write_media("gskhw4w4lm", YESTERDAY, at)
            # A build reads what manifests list.
            rebuild(Settings(lake_uri=str(cli.lake)), LocalLake(cli.lake))
        cli.succeed("build")
    # Two builds at once would want 8 GB.
    with FileLock(Path(tempfile.gettempdir()) / "wistia-elt-pages.lock"):
        publish(cli)
    ids = [row[0] for row in cli.rows("select media_id from pages.media order by play_count desc")]
    with serving(cli) as url:
        yield Account(cli, url, tuple(ids))


def publish(cli: CommandLine) -> None:
    """Build the pages, however long a busy machine takes."""
    with cli.start("publish") as process:
        out, err = process.communicate()
    logs = (cli.folder / "lake" / ".pages").glob("*.log")
    assert process.returncode == 0, out + err + "".join(log.read_text() for log in logs)


@contextmanager
def serving(cli: CommandLine) -> Iterator[str]:
    """`wistia-elt serve` on a free port."""
    with cli.start("serve", PYTHONUNBUFFERED="1") as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().split()[-1].rstrip("/")
        finally:
            process.terminate()


@pytest.fixture(scope="session")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    """The predecessor's two videos, 2,000 visitors, two days of snapshots of one video."""
    with published(tmp_path_factory.mktemp("account"), media=2, visitors=2_000) as built:
        yield built


@pytest.fixture(scope="session")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    """Nothing has been read yet."""
    with published(tmp_path_factory.mktemp("empty"), media=0, visitors=0) as built:
        yield built


class Watched:
    """What a page asked for elsewhere, and what its console said."""

    def __init__(self, page: Page, url: str) -> None:
        self.wrong: list[str] = []
        self._url = url
        page.on("request", self._note)
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.wrong.append(str(error)))

    def _note(self, request: Request) -> None:
        if not request.url.startswith((self._url, "data:", "blob:")):
            self.wrong.append(f"asked for {request.url}")

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.wrong.append(f"said {message.text}")


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Open]:
    """Opens a page of an account at a width, in a scheme, and waits until it is at rest.

    A page that asks anybody else for something, or says something in its console, fails the test.
    """
    watched = []
    with ExitStack() as opened:

        def open_one(
            account: Account, path: str, size: tuple[int, int] = DESK, scheme: str = "light"
        ) -> Page:
            width, height = size
            page = opened.enter_context(
                visiting(
                    browser,
                    viewport={"width": width, "height": height},
                    color_scheme=scheme,
                    accept_downloads=True,
                )
            )
            watched.append(Watched(page, account.url))
            page.goto(account.url + path)
            page.wait_for_load_state("networkidle")
            return page

        yield open_one
    assert [wrong for page in watched for wrong in page.wrong] == []
