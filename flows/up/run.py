"""Everything on one machine, in the foreground, until it is told to stop."""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from flows.errors import PrefectError
from flows.prefect_access import basic
from flows.prefect_api import PrefectApi
from flows.up import authentication
from flows.up.children import Child
from flows.up.lookout import Lookout
from flows.up.reaper import drop_missed, reap
from flows.up.registration import POOL, register
from ingestion.errors import ConfigurationError, ReadableError
from ingestion.lake import open_lake
from ingestion.timestamps import utc_now

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ingestion.settings import Settings

_HOST = "127.0.0.1"
_START_SECONDS = 600.0
_PAGES_SECONDS = 60.0
_LOOK_SECONDS = 1.0
# A dead run blocks the next one: a quarter of a minute is soon enough for a daily one.
_REAP_SECONDS = 15.0
# Prefect's lines in our form, and ours on Prefect's page of the run.
_LOGS = {
    "PREFECT_LOGGING_EXTRA_LOGGERS": "ingestion,flows,reports",
    "PREFECT_LOGGING_HANDLERS_CONSOLE_FORMATTER": "json",
    "PREFECT_LOGGING_FORMATTERS_JSON_CLASS": "ingestion.logs.JsonLines",
}


def up(settings: Settings, say: Callable[[str], None]) -> None:
    """Run server, worker and pages until SIGTERM or Ctrl-C.

    Args:
        settings: The lake, and where pages are served.
        say: Takes a line for the person at the terminal.

    Raises:
        PrefectError: The server does not start, or another `up` is at work.
        ConfigurationError: The lake cannot be opened, a port is taken.
    """
    home = Path(os.environ["PREFECT_HOME"])
    with _only_one(home), _stopping() as stop:
        lake = open_lake(settings)
        api, environment = _prepare(settings, home)
        server, worker, pages = _children(home, environment, in_terminal=sys.stdout.isatty())
        started: list[Child] = []
        try:
            say(f"starting Prefect at {api.url} (up to a minute the first time)")
            _start(server, started)
            api.wait_until_healthy(_START_SECONDS, lambda: _goes_on(server, stop), time.sleep)
            register(api, environment)
            reap(api, utc_now, all_here=True)
            drop_missed(api, utc_now)
            _start(pages, started)
            _start(worker, started)
            _wait_for_pages(settings, pages, stop)
            _tell(settings, api, say)
            _watch(started, Lookout(settings, api, lake), stop, say)
        finally:
            for child in reversed(started):
                child.stop()


def _prepare(settings: Settings, home: Path) -> tuple[PrefectApi, dict[str, str]]:
    port = int(os.environ.get("PREFECT_SERVER_API_PORT") or 4200)
    auth = authentication.read_or_make(home, os.environ)
    url = f"http://{_HOST}:{port}/api"
    environment = {
        **os.environ,
        # Runs work in the project's folder, this command wherever it was typed.
        **({} if settings.on_s3 else {"LAKE_URI": str(settings.lake_path)}),
        "PREFECT_API_URL": url,
        "PREFECT_API_AUTH_STRING": auth,
        "PREFECT_SERVER_API_AUTH_STRING": auth,
        "PREFECT_SERVER_API_HOST": _HOST,
        "PREFECT_SERVER_API_PORT": str(port),
        "PREFECT_LOGGING_LEVEL": "INFO",
        **_LOGS,
    }
    environment.pop("PREFECT_API_KEY", None)
    return PrefectApi(url, basic(auth)), environment


def _children(
    home: Path, environment: dict[str, str], *, in_terminal: bool
) -> tuple[Child, Child, Child]:
    tools = Path(sys.executable).parent
    prefect, ours = str(tools / "prefect"), str(tools / "wistia-elt")

    def child(name: str, *command: str) -> Child:
        # A terminal shows what to know; a service's journal keeps what its worker says.
        to_file = in_terminal or name != "worker"
        log = home / "logs" / f"{name}.log" if to_file else None
        return Child(name, list(command), environment, log, time.monotonic)

    return (
        child("server", prefect, "server", "start", "--host", _HOST),
        child("worker", prefect, "worker", "start", "--pool", POOL, "--type", "process"),
        child("pages", ours, "serve"),
    )


def _start(child: Child, started: list[Child]) -> None:
    started.append(child)
    child.start()


def _wait_for_pages(settings: Settings, pages: Child, stop: threading.Event) -> None:
    # Not for ever: should they not come up, `_watch` says so and starts them again.
    deadline = time.monotonic() + _PAGES_SECONDS
    address = (settings.serve_host, settings.serve_port)
    while time.monotonic() < deadline and pages.ended is None and not stop.wait(0.2):
        with suppress(OSError), socket.create_connection(address, timeout=1):
            return


def _goes_on(server: Child, stop: threading.Event) -> bool:
    return server.ended is None and not stop.is_set()


def _tell(settings: Settings, api: PrefectApi, say: Callable[[str], None]) -> None:
    home = f"http://{settings.serve_host}:{settings.serve_port}"
    say(f"pages       {home}/")
    say(f"operations  {home}/operations")
    say(f"prefect     {api.url.removesuffix('/api')} (its password: see docs/operations.md)")
    found = api.ask("POST", "/deployments/filter", {"sort": "NAME_ASC"}) or []
    for deployment in found:
        for schedule in deployment["schedules"]:
            say(f"{deployment['name']:<11} {schedule['schedule'].get('cron')} UTC")
    say("Ctrl-C stops it all")


def _watch(
    children: list[Child],
    look_for_dead: Callable[[], list[str]],
    stop: threading.Event,
    say: Callable[[str], None],
) -> None:
    due = time.monotonic()
    while not stop.wait(_LOOK_SECONDS):
        for child in children:
            child.revive(say)
        if time.monotonic() < due:
            continue
        due = time.monotonic() + _REAP_SECONDS
        try:
            for name in look_for_dead():
                say(f"the run {name} died without a word: marked crashed")
        except ReadableError as error:
            say(f"warning: {error}")


@contextmanager
def _only_one(home: Path) -> Iterator[None]:
    home.mkdir(parents=True, exist_ok=True)
    lock = FileLock(home / "up.lock", timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise PrefectError(
            f"another `wistia-elt up` is at work in {home}",
            "use that one, or end it; its lock ends with it",
        ) from None
    except OSError as error:
        raise ConfigurationError(
            f"PREFECT_HOME is {home}, which cannot be written: {error.strerror}",
            "set PREFECT_HOME to a folder of yours",
        ) from error
    try:
        yield
    finally:
        lock.release()


@contextmanager
def _stopping() -> Iterator[threading.Event]:
    stop = threading.Event()
    previous = {
        number: signal.signal(number, lambda *_: stop.set())
        for number in (signal.SIGTERM, signal.SIGINT)
    }
    try:
        yield stop
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
