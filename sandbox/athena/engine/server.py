"""The engine as a process: Trino with a Hive and an Iceberg catalog over one Glue."""

import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests

from sandbox.athena.errors import SandboxError

HIVE, ICEBERG = "awsdatacatalog", "iceberg"
_START_SECONDS = 300  # a busy machine takes its time
_PACKAGES = Path(__file__).parent / "etc"
# Ends the server when standard input ends: also where the parent was killed and could not.
_LEASH = """
exec 3<&0
( cat <&3 >/dev/null; kill -9 $$; rm -rf "$0" ) &
exec 3<&- "$@" </dev/null
"""


@dataclass(frozen=True)
class Access:
    """Where the catalogs find S3 and Glue."""

    endpoint: str
    region: str
    access_key: str
    secret_key: str


@contextmanager
def running_engine(java: Path, home: Path, access: Access, heap: str) -> Iterator[str]:
    """Run Trino in a folder of its own until the block ends; gives its address.

    Raises:
        SandboxError: it ended, or did not answer in five minutes.
    """
    folder = Path(tempfile.mkdtemp(prefix="athena-engine-"))
    port = _free_port()
    _configure(folder, home, access, port)
    with (folder / "server.log").open("wb") as log:
        server = subprocess.Popen(  # noqa: S603 - the project's own command
            ["/bin/sh", "-c", _LEASH, folder, *_command(java, home, folder, heap)],
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            # Ctrl-C in a terminal reaches the sandbox alone, which then ends the engine.
            start_new_session=True,
        )
    address = f"http://127.0.0.1:{port}"
    try:
        _wait_until_ready(address, server, folder / "server.log")
        yield address
    finally:
        # It keeps nothing that is worth an orderly end.
        server.kill()
        server.wait()
        shutil.rmtree(folder, ignore_errors=True)


def _command(java: Path, home: Path, folder: Path, heap: str) -> list[str]:
    options = (_PACKAGES / "jvm.config").read_text().split()
    definitions = {
        "node.environment": "sandbox",
        "node.id": "sandbox",
        "node.data-dir": folder,
        # Nobody but this machine is served.
        "node.bind-ip": "127.0.0.1",
        "node.internal-address": "127.0.0.1",
        "config": folder / "config.properties",
        "log.levels-file": folder / "log.properties",
        "java.io.tmpdir": folder,
    }
    defined = [f"-D{name}={value}" for name, value in definitions.items()]
    classes = ["-cp", f"{home}/lib/*", "io.trino.server.TrinoServer"]
    return [str(java), f"-Xmx{heap}", *options, *defined, *classes]


def _configure(folder: Path, home: Path, access: Access, port: int) -> None:
    """Write the templates of `etc` with what only this run knows."""
    values = {
        "port": str(port),
        "plugins": str(home / "plugin"),
        "catalogs": str(folder / "catalog"),
        "endpoint": access.endpoint,
        "region": access.region,
        "access_key": access.access_key,
        "secret_key": access.secret_key,
    }
    shared = _fill(_PACKAGES / "storage.properties", values)
    (folder / "catalog").mkdir()
    for name in (HIVE, ICEBERG):
        own = _fill(_PACKAGES / f"{name}.properties", values)
        (folder / "catalog" / f"{name}.properties").write_text(own + shared)
    for name in ("config.properties", "log.properties"):
        (folder / name).write_text(_fill(_PACKAGES / name, values))


def _fill(template: Path, values: dict[str, str]) -> str:
    text = template.read_text()
    for name, value in values.items():
        text = text.replace("{" + name + "}", value)
    return text


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_until_ready(address: str, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        if server.poll() is not None:
            raise SandboxError(
                f"the engine ended while it started: {_last_words(log)}",
                "free some memory: it takes about 1 GB",
                code=1,
            )
        try:
            if requests.get(f"{address}/v1/info", timeout=5).json()["starting"] is False:
                return
        except (requests.RequestException, ValueError):
            pass
        time.sleep(0.2)
    raise SandboxError(
        f"the engine did not answer in {_START_SECONDS} s: {_last_words(log)}",
        "the same command again when the machine is less busy",
        code=1,
    )


def _last_words(log: Path) -> str:
    lines = log.read_text(errors="replace").strip().splitlines()
    errors = [line for line in lines if "ERROR" in line or "Exception" in line or "rror:" in line]
    return " / ".join((errors or lines)[-3:]) or "it said nothing"
