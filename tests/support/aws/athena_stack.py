"""A local AWS for tests: one a test session, shared by every test that asks for it.

    def test_something(athena: AthenaStack) -> None:
        athena.environment   # AWS_ENDPOINT_URL, keys, region, LAKE_URI, ATHENA_RESULTS_URI, …
        athena.client("s3")  # boto3's, pointed at the stack
        athena.faults({"service": "athena", "action": "StartQueryExecution",
                       "code": "ThrottlingException", "times": 2})

A test works in databases and prefixes of its own (`athena.new_lake()`): the stack lives on.
Where Java or the engine is missing the tests are skipped with what mends it; with CI set
that is a failure. The fixture `account` is the same, without Athena where its engine is missing.
"""

import json
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import requests

from sandbox.athena.engine.install import engine_home, require_engine
from sandbox.athena.engine.java import find_java
from sandbox.athena.errors import SandboxError

ROOT = Path(__file__).parents[3]
# What a user's own machine may have set would lead elsewhere.
_FOREIGN = ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN", "AWS_CONFIG_FILE")


@dataclass(frozen=True)
class AthenaStack:
    """A running stack.

    Attributes:
        environment: Settings that lead AWS's clients here.
        recording: Every request that reached it, where that is written down.
    """

    environment: dict[str, str]
    recording: Path | None = None

    @property
    def endpoint(self) -> str:
        """The one address of all its services."""
        return self.environment["AWS_ENDPOINT_URL"]

    def client(self, service: str, **options: Any) -> Any:  # noqa: ANN401 - boto3's
        """Return boto3's client of a service; `options` are its own, such as `region_name`."""
        connect: Any = boto3.client
        return connect(
            service,
            **{
                "endpoint_url": self.endpoint,
                "region_name": self.environment["AWS_REGION"],
                "aws_access_key_id": self.environment["AWS_ACCESS_KEY_ID"],
                "aws_secret_access_key": self.environment["AWS_SECRET_ACCESS_KEY"],
                **options,
            },
        )

    def new_lake(self) -> str:
        """Return the address of a prefix that nothing is under yet."""
        return f"s3://lake/{uuid.uuid4().hex[:8]}"

    def control(self, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401
        """Call a control address, such as `POST faults` or `GET calls`."""
        answer = requests.request(method, f"{self.endpoint}/_sandbox/{path}", json=body, timeout=60)
        assert answer.ok, answer.text
        return answer.json()

    def faults(self, *orders: Mapping[str, object]) -> Any:  # noqa: ANN401
        """Order faults: `{"service": "glue", "code": "ThrottlingException", "times": 3}`."""
        return self.control("POST", "faults", list(orders))

    def calls(self) -> dict[str, int]:
        """Return how often each action was called, such as `athena:StartQueryExecution`."""
        return dict(self.control("GET", "calls"))


@contextmanager
def running_athena(*options: str) -> Iterator[AthenaStack]:
    """Run the sandbox's stack as a user does, on a free port until the block ends."""
    with _started("sandbox.athena", "--port=0", *options) as process:
        try:
            yield AthenaStack(_read_settings(process))
        finally:
            process.terminate()
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()


@contextmanager
def running_account(folder: Path) -> Iterator[AthenaStack]:
    """Run `tests.support.aws.account`, its requests recorded there; with Athena where it can be."""
    recording = folder / "requests.jsonl"
    engine = ["--engine"] if missing_tool() is None else []
    with _started("tests.support.aws.account", str(recording), *engine) as process:
        try:
            stack = AthenaStack(_read_settings(process), recording)
            _wait_for_bucket(stack)
            yield stack
        finally:
            assert process.stdin is not None
            process.stdin.close()


def _wait_for_bucket(stack: AthenaStack) -> None:
    """The account says where it is before its first bucket is made; without engine it has none."""
    if missing_tool() is not None:
        return
    s3 = stack.client("s3")
    while "lake" not in [one["Name"] for one in s3.list_buckets().get("Buckets", [])]:
        time.sleep(0.1)


def _started(module: str, *arguments: str) -> subprocess.Popen[str]:
    environment = {name: value for name, value in os.environ.items() if name not in _FOREIGN}
    return subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    )


def _read_settings(process: subprocess.Popen[str]) -> dict[str, str]:
    lines = []
    for line in process.stdout or ():
        if line.strip() == "ready":
            break
        lines.append(line.strip())
    settings = dict(line.split("=", 1) for line in lines)
    assert settings, f"the stack did not start: {process.args!r}"
    return settings


def missing_tool() -> str | None:
    """Return what the stack lacks on this machine and what mends it, None where it can run."""
    try:
        find_java()
        require_engine(engine_home())
    except SandboxError as error:
        return f"{error}; try: {error.remedy}"
    return None


def as_lines(records: list[dict[str, object]]) -> bytes:
    """Return records as JSON Lines."""
    return "".join(json.dumps(record) + "\n" for record in records).encode()
