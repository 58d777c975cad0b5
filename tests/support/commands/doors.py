"""Every listening socket of a command, found and knocked at."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass

import pytest

# Nothing of ours is in it: the account that knocks may read no folder of ours.
_KNOCK = """
import http.client, sys
for address in sys.argv[1:]:
    host, _, port = address.rpartition(":")
    for method, path in [("GET", "/"), ("GET", "/api/health"), ("GET", "/ui-settings"),
                         ("GET", "/api/admin/version"), ("POST", "/api/flow_runs/filter"),
                         ("GET", "/openapi.json"), ("GET", "/api/nothing")]:
        try:
            asked = http.client.HTTPConnection(host.strip("[]"), int(port), timeout=20)
            asked.request(method, path, headers={"Origin": "http://evil.example"})
            answer = asked.getresponse()
            print(address, method, path, answer.status,
                  answer.headers.get("access-control-allow-origin", "-"))
        except Exception as error:
            print(address, method, path, type(error).__name__, "-")
"""


@dataclass(frozen=True)
class Answer:
    """What a knock got: a status, or the name of what was met instead of one."""

    address: str
    asked: str
    status: str
    allows: str


def listening(pids: Iterable[int]) -> set[str]:
    """The TCP addresses that these processes listen at."""
    if not shutil.which("ss"):
        pytest.skip("no ss on PATH (on Debian: apt-get install iproute2)")
    told = subprocess.run(["ss", "-Hltnp"], capture_output=True, text=True, check=True).stdout
    wanted = {f"pid={pid}," for pid in pids}
    return {
        line.split()[3] for line in told.splitlines() if wanted & set(re.findall(r"pid=\d+,", line))
    }


def knock(addresses: Iterable[str], *, as_nobody: bool = False) -> list[Answer]:
    """Ask at each address without a secret; from another account where we may change ours."""
    account = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] if as_nobody else []
    python = "/usr/bin/python3" if as_nobody else sys.executable
    command = [*account, python, "-I", "-c", _KNOCK, *addresses]
    said = subprocess.run(command, cwd="/", capture_output=True, text=True, check=True).stdout
    parts = (line.split() for line in said.splitlines())
    return [Answer(part[0], f"{part[1]} {part[2]}", part[3], part[4]) for part in parts]
