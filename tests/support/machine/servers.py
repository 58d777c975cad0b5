"""Real servers for tests: each runs in a process of its own until its block ends."""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

ROOT = Path(__file__).parents[3]


@dataclass(frozen=True)
class Sandbox:
    """A running stand-in for Wistia's API."""

    base_url: str
    token: str
    environment: dict[str, str]
    process: subprocess.Popen[str]

    @property
    def origin(self) -> str:
        return self.base_url.removesuffix("/v1")

    def get(self, path: str, **parameters: str | int) -> requests.Response:
        """Ask the API as a client would; `path` is under the base URL."""
        headers = {"Authorization": f"Bearer {self.token}"}
        return requests.get(self.base_url + path, parameters, headers=headers, timeout=60)

    def json(self, path: str, **parameters: str | int) -> Any:  # noqa: ANN401
        """Return the value of a good answer."""
        answer = self.get(path, **parameters)
        answer.raise_for_status()
        return answer.json()

    def control(self, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401
        """Call a control address, such as `POST advance {"new": 4}`."""
        url = f"{self.origin}/_sandbox/{path}"
        answer = requests.request(method, url, json=body, timeout=120)
        assert answer.ok, answer.text
        return answer.json()

    def advance(self, **change: object) -> Any:  # noqa: ANN401
        """Let time pass and people come; return the state after it."""
        return self.control("POST", "advance", change)

    def faults(self, *orders: Mapping[str, object]) -> Any:  # noqa: ANN401
        """Order faults, for example `{"path": "/stats/visitors", "page": 3, "kind": "500"}`."""
        return self.control("POST", "faults", list(orders))

    def truth(self) -> list[dict[str, Any]]:
        """Return the whole list as it stands: key, last activity and counts of each visitor."""
        answer = requests.get(f"{self.origin}/_sandbox/visitors", timeout=300)
        return [json.loads(line) for line in answer.text.splitlines()]

    def traffic(self, newest: int = 1000) -> Any:  # noqa: ANN401
        """Return what was asked so far."""
        return self.control("GET", f"requests?newest={newest}")


@contextmanager
def running_sandbox(**options: object) -> Iterator[Sandbox]:
    """Run the stand-in on a free port; options are its own, `rate_limit=0` is `--rate-limit 0`.

    Without options the account has 300 visitors and neither limit nor latency.
    """
    chosen = {"port": 0, "visitors": 300, "rate_limit": 0} | options
    flags = [f"--{name.replace('_', '-')}={value}" for name, value in chosen.items()]
    command = [sys.executable, "-m", "sandbox.wistia", *flags]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            lines = []
            for line in process.stdout:
                if line.strip() == "ready":
                    break
                lines.append(line.strip())
            environment = dict(line.split("=", 1) for line in lines)
            assert environment, f"the sandbox did not start: {command}"
            yield Sandbox(
                base_url=environment["WISTIA_BASE_URL"],
                token=environment["WISTIA_API_TOKEN"],
                environment=environment,
                process=process,
            )
        finally:
            process.terminate()
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
