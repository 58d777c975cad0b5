"""The engine as a process: Trino with a Hive and an Iceberg catalog over one Glue."""

import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import requests

from sandbox.athena.errors import SandboxError

HIVE, ICEBERG = "awsdatacatalog", "iceberg"
_START_SECONDS = 300  # a busy machine takes its time
_TEMPLATES = Path(__file__).parent / "etc"
# Ends the server when standard input ends: also where the parent was killed and could not.
_LEASH = """
exec 3<&0
( cat <&3 >/dev/null; kill -9 $$; rm -rf "$0" ) &
exec 3<&- "$@" </dev/null
"""


@contextmanager
def running_engine(java: Path, home: Path, heap: str, lake: Mapping[str, str]) -> Iterator[str]:
    """Run Trino in a folder of its own until the block ends; gives its address.

    `lake` says where the catalogs find S3 and Glue: endpoint, region, key.

    Raises:
        SandboxError: it ended, or did not answer in five minutes.
    """
    folder = Path(tempfile.mkdtemp(prefix="athena-engine-"))
    port = _free_port()
    options = _configure({**lake, "port": port, "folder": folder, "home": home}, folder)
    command = [str(java), f"-Xmx{heap}", *options, "io.trino.server.TrinoServer"]
    with (folder / "server.log").open("wb") as log:
        server = subprocess.Popen(  # noqa: S603 - the project's own command
            ["/bin/sh", "-c", _LEASH, folder, *command],
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


def _configure(values: Mapping[str, object], folder: Path) -> list[str]:
    """Write the templates of `etc` with what only this run knows; return Java's options."""
    filled = {}
    for template in _TEMPLATES.iterdir():
        filled[template.name] = template.read_text()
        for name, value in values.items():
            filled[template.name] = filled[template.name].replace(f"{{{name}}}", str(value))
    options, shared = filled.pop("jvm.config").splitlines(), filled.pop("storage.properties")
    (folder / "catalog").mkdir()
    for name in (HIVE, ICEBERG):
        own = filled.pop(f"{name}.properties")
        (folder / "catalog" / f"{name}.properties").write_text(own + shared)
    for name, text in filled.items():
        (folder / name).write_text(text)
    return options


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_until_ready(address: str, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while server.poll() is None and time.monotonic() < deadline:
        try:
            if requests.get(f"{address}/v1/info", timeout=5).json()["starting"] is False:
                return
        except (requests.RequestException, ValueError):
            pass
        time.sleep(0.2)
    lines = log.read_text(errors="replace").strip().splitlines()
    errors = [line for line in lines if "ERROR" in line or "Exception" in line or "rror:" in line]
    said = " / ".join((errors or lines)[-3:]) or "it said nothing"
    if server.poll() is not None:
        raise SandboxError(
            f"the engine ended while it started: {said}",
            "free some memory: it takes about 1 GB",
            code=1,
        )
    raise SandboxError(
        f"the engine did not answer in {_START_SECONDS} s: {said}",
        "the same command again when the machine is less busy",
        code=1,
    )
