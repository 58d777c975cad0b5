"""A real Prefect server for tests, with a database of its own."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from socket import socket

import requests

PREFECT = Path(sys.executable).with_name("prefect")


@contextmanager
def running_prefect(home: Path, auth: str = "") -> Iterator[dict[str, str]]:
    """Run a server on a free port; gives the settings that point a client at it.

    With `auth`, `name:password`, it lets in only who shows it.
    """
    with socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = {
        "PREFECT_HOME": str(home),
        "PREFECT_API_URL": f"http://127.0.0.1:{port}/api",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
    }
    if auth:
        settings |= {"PREFECT_API_AUTH_STRING": auth, "PREFECT_SERVER_API_AUTH_STRING": auth}
    command = [str(PREFECT), "server", "start", "--host", "127.0.0.1", "--port", str(port)]
    environment = {**os.environ, **settings}
    log = home / "server.log"
    with (
        log.open("w") as file,
        subprocess.Popen(command, env=environment, stdout=file, stderr=file) as process,
    ):
        try:
            _wait_until_healthy(settings["PREFECT_API_URL"], process, log)
            yield settings
        finally:
            process.terminate()
            try:
                process.wait(timeout=15)
            except subprocess.TimeoutExpired:
                process.kill()


def _wait_until_healthy(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 600
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if requests.get(f"{url}/health", timeout=5).ok:
                return
        except requests.RequestException:
            time.sleep(0.5)
    raise AssertionError(f"Prefect's server did not start:\n{log.read_text()[-2000:]}")
