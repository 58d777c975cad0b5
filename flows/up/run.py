"""Everything on one machine, in the foreground, until it is told to stop."""

from __future__ import annotations

import os
import re
import secrets
import sys
import time
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

import requests
from filelock import FileLock, Timeout

from flows.up.lookout import Lookout, drop_missed, reap
from flows.up.prefect.access import basic, forget_password, keep_password
from flows.up.prefect.failure import explain_start
from flows.up.prefect.registration import register
from ingestion.config.errors import ConfigurationError, PrefectError, describe
from ingestion.config.settings import PROJECT_ROOT
from ingestion.storage.base import open_lake
from reports.prefect import POOL, PrefectApi
from reports.processes import Guarded
from reports.server.app import address_of, bind

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from ingestion.config.settings import Settings

_HOST = "127.0.0.1"
_START_SECONDS = 600.0
_PAGES_SECONDS = 60.0
_LOOK_SECONDS = 1.0
# Ctrl-C ends `up` within five seconds: what does not go by itself in these is killed.
_GRACE_SECONDS = 2.5
# One that ends at once is started after 1, 2, 4 … seconds, not in a loop.
_LONGEST_WAIT = 60.0
# After so long it had come up: what ended it is no fault of its start.
_STEADY_SECONDS = 120.0
_STANDARD_OUTPUT = 1
# A dead run blocks the next one: a quarter of a minute is soon enough for a daily one.
_REAP_SECONDS = 15.0
# What is no concern of Prefect's server: tokens, passwords, keys of AWS and of people's names.
_SECRET = re.compile(r"TOKEN|SECRET|PASSWORD|_KEY|^AWS_|^ALERT_")
# Lines of JSON, Prefect's in our form, and ours on Prefect's page of the run.
_LOGS = {
    "LOG_JSON": "true",
    "PREFECT_LOGGING_EXTRA_LOGGERS": "ingestion,flows,reports",
    "PREFECT_LOGGING_HANDLERS_CONSOLE_FORMATTER": "json",
    "PREFECT_LOGGING_FORMATTERS_JSON_CLASS": "ingestion.config.logging.JsonLines",
}


@dataclass(slots=True)
class Child:
    """One process that is to run as long as `up` does, by the name that a person reads."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    # Where its output goes; None for ours.
    log: Path | None
    # Descriptors that it inherits.
    passed: Sequence[int] = ()
    process: Guarded | None = None
    _from: int = 0
    _began: float = 0.0
    _wait: float = 1.0
    _due: float = 0.0

    def start(self) -> None:
        """Start it."""
        with ExitStack() as opened:
            output: IO[bytes] | int = _STANDARD_OUTPUT
            if self.log is not None:
                self.log.parent.mkdir(parents=True, exist_ok=True)
                output = opened.enter_context(self.log.open("ab"))
                self._from = output.tell()
            self.process = Guarded(
                self.command,
                PROJECT_ROOT,
                self.environment,
                grace=_GRACE_SECONDS,
                output=output,
                passed=self.passed,
            )
        self._began, self._due = time.monotonic(), 0.0

    @property
    def ended(self) -> int | None:
        """The exit code of a child that is not there any more."""
        return None if self.process is None else self.process.ended

    @property
    def written(self) -> str:
        """What it wrote to its log since it was started last."""
        if self.log is None or not self.log.exists():
            return ""
        return self.log.read_bytes()[self._from :].decode(errors="replace")

    def revive(self, say: Callable[[str], None]) -> None:
        """Start it again when it has ended and its wait is over."""
        if self.ended is None:
            return
        now = time.monotonic()
        if not self._due:
            self._wait = 1.0 if now - self._began > _STEADY_SECONDS else self._wait * 2
            self._due = now + min(self._wait, _LONGEST_WAIT)
            where = f"; {self.log} has its last words" if self.log else ""
            say(f"{self.name} ended ({self.ended}) and is started again{where}")
        if now >= self._due:
            # A machine without memory or processes to spare may have some later.
            self._due = now + _LONGEST_WAIT
            self.start()


def up(settings: Settings, say: Callable[[str], None]) -> None:
    """Run server, worker and pages until a signal ends them.

    Both addresses are taken before anything is started or sent, and held until the end: a
    stranger at one of them is refused, and none can take it while a child is started again.

    Raises:
        PrefectError: The server does not start, or another `up` is at work.
        ConfigurationError: The lake cannot be opened, a port is taken.
    """
    home = Path(os.environ["PREFECT_HOME"])
    with (
        _only_one(home),
        closing(_bind_prefect()) as prefects,
        closing(bind(settings.serve_host, settings.serve_port)) as pages_at,
    ):
        lake = open_lake(settings)
        api, environment = _prepare(settings, home, prefects.getsockname()[1])
        children = server, worker, pages = _children(home, environment, prefects, pages_at)
        try:
            say(f"starting Prefect at {api.url} (up to a minute the first time)")
            server.start()
            if not _answers(f"{api.url}/health", server, _START_SECONDS):
                raise explain_start(api.url, home, server.written)
            register(api, environment)
            reap(api, all_here=True)
            drop_missed(api)
            pages.start()
            worker.start()
            # Should they not come up, `look_after` says so and starts them again.
            _answers(address_of(pages_at), pages, _PAGES_SECONDS)
            _tell(pages_at, api, say)
            look_after(children, Lookout(settings, api, lake), say)
        finally:
            started = [child.process for child in children if child.process is not None]
            # Kindly first, and all at the same time.
            for process in started:
                process.stop()
            for process in started:
                process.end()
            forget_password(home)


def _bind_prefect() -> socket.socket:
    try:
        return bind(_HOST, int(os.environ.get("PREFECT_SERVER_API_PORT") or 4200))
    except (ConfigurationError, ValueError) as error:
        raise ConfigurationError(
            f"Prefect's server has no place: {error}",
            "set PREFECT_SERVER_API_PORT to a free port, or end what listens there",
        ) from error


def _prepare(settings: Settings, home: Path, port: int) -> tuple[PrefectApi, dict[str, str]]:
    given = os.environ.get("PREFECT_SERVER_API_AUTH_STRING")
    auth = given or f"wistia-elt:{secrets.token_urlsafe(24)}"
    url = f"http://{_HOST}:{port}/api"
    keep_password(home, auth, url)
    own = home.absolute() / "up"
    own.mkdir(mode=0o700, exist_ok=True)
    own.chmod(0o700)
    # What is asked of this machine goes through no proxy, by us or by a child.
    spared = ",".join(filter(None, (os.environ.get("NO_PROXY"), _HOST, "localhost")))
    os.environ |= {"NO_PROXY": spared, "no_proxy": spared}
    environment = {
        **os.environ,
        # Of its own: what a server without a password took in is never run.
        "PREFECT_SERVER_DATABASE_CONNECTION_URL": f"sqlite+aiosqlite:///{own / 'prefect.db'}",
        "PREFECT_SERVER_CORS_ALLOWED_ORIGINS": f"http://{_HOST}:{port}",
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
    home: Path, environment: dict[str, str], prefects: socket.socket, pages_at: socket.socket
) -> tuple[Child, Child, Child]:
    def without(*names: str) -> dict[str, str]:
        return {name: value for name, value in environment.items() if name not in names}

    def listener(name: str, module: str, given: dict[str, str], at: socket.socket) -> Child:
        command = (sys.executable, "-m", module, str(at.fileno()))
        return Child(name, command, given, home / "logs" / f"{name}.log", (at.fileno(),))

    private = [n for n in environment if _SECRET.search(n) and not n.startswith("PREFECT_")]
    prefect = str(Path(sys.executable).with_name("prefect"))
    worker = (prefect, "worker", "start", "--pool", POOL, "--type", "process")
    # A terminal shows what to know; a service's journal keeps what its worker says.
    said = home / "logs" / "worker.log" if sys.stdout.isatty() else None
    for_runs = without("OPERATIONS_PASSWORD", "PREFECT_SERVER_API_AUTH_STRING")
    for_pages = without("WISTIA_API_TOKEN", "PREFECT_SERVER_API_AUTH_STRING")
    return (
        listener("server", "flows.up.prefect.server", without(*private), prefects),
        Child("worker", worker, for_runs, said),
        listener("pages", "flows.up.pages", for_pages, pages_at),
    )


def _answers(url: str, child: Child, seconds: float) -> bool:
    """Wait until somebody reads from a socket of ours, which takes connections from the first."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and child.ended is None:
        with suppress(requests.RequestException):
            requests.head(url, timeout=5, allow_redirects=False)
            return True
        time.sleep(0.2)
    return False


def _tell(pages_at: socket.socket, api: PrefectApi, say: Callable[[str], None]) -> None:
    home = address_of(pages_at)
    say(f"pages       {home}/")
    say(f"operations  {home}/operations")
    say(f"prefect     {api.url.removesuffix('/api')} (its password: see docs/operations.md)")
    for deployment in api.ask("POST", "/deployments/filter", {"sort": "NAME_ASC"}) or []:
        for schedule in deployment["schedules"]:
            say(f"{deployment['name']:<11} {schedule['schedule'].get('cron')} UTC")
    say("Ctrl-C stops it all")


def look_after(
    children: Sequence[Child], look_for_dead: Callable[[], list[str]], say: Callable[[str], None]
) -> None:
    """Start again what ends and name the runs that died, until a signal comes."""
    due = time.monotonic()
    while True:
        time.sleep(_LOOK_SECONDS)
        try:
            for child in children:
                child.revive(say)
            if time.monotonic() < due:
                continue
            due = time.monotonic() + _REAP_SECONDS
            for name in look_for_dead():
                say(f"the run {name} died without a word: marked crashed")
        except Exception as error:  # noqa: BLE001 - whatever it meets, what runs goes on
            say(f"warning: {describe(error)[0]}")


@contextmanager
def _only_one(home: Path) -> Iterator[None]:
    try:
        home.mkdir(parents=True, exist_ok=True)
        held = FileLock(home / "up.lock", timeout=0).acquire()
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
    with held:
        forget_password(home)
        yield
