import gzip
import json
import logging
import os
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import pytest
import requests
from moto.server import ThreadedMotoServer
from pydantic import SecretStr

from ingestion.config.settings import Settings, setting_names
from ingestion.extract.context import Scope
from ingestion.ingest import ingest
from ingestion.state.manifest import Manifest, exit_code, read_manifests
from ingestion.state.run import start_run
from ingestion.storage.base import Lake, open_lake
from tests.ingestion.account import TOKEN, Account
from tests.ingestion.api.wire import Timeline, Wire
from tests.ingestion.homes import AWS_SECRET, BUCKET, Bucket, Client, Folder, Home
from tests.support.machine.clock import Clock


def pytest_configure(config: pytest.Config) -> None:
    meaning = "a test of one way through everything, on a lake in a folder and on one in a bucket"
    config.addinivalue_line("markers", f"both_lakes: {meaning}")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if metafunc.definition.get_closest_marker("both_lakes"):
        metafunc.parametrize("home", ["folder", "s3"], indirect=True)


@dataclass
class Bench:
    """A server, a lake and the ingester between them."""

    wire: Wire
    api: Account
    home: Home
    clock: Clock = field(default_factory=Clock)
    time: Timeline = field(default_factory=Timeline)

    def __post_init__(self) -> None:
        self.wire.tells = self._tell

    def _tell(self) -> float:
        """The API's clock goes with the run's."""
        return self.clock.now.timestamp()

    @property
    def root(self) -> Path:
        """The folder, for a test that is about one."""
        assert isinstance(self.home, Folder)
        return self.home.root

    def settings(self, **changes: Any) -> Settings:  # noqa: ANN401
        chosen: dict[str, Any] = {
            "wistia_base_url": self.wire.base_url,
            "wistia_api_token": SecretStr(TOKEN),
            "wistia_requests_per_minute": 0,
            "lake_uri": self.home.uri,
        } | changes
        return Settings(**chosen)

    def lake(self) -> Lake:
        return open_lake(self.settings())

    def ingest(
        self,
        scope: Scope | None = None,
        lake: Lake | None = None,
        **changes: Any,  # noqa: ANN401
    ) -> Manifest:
        """Run as the command does, record and all."""
        settings = self.settings(**changes)
        lake = lake or open_lake(settings)
        run = start_run(lake, "ingest", "test", self.clock)
        try:
            ingest(settings, lake, run, scope, sleep=self.time.sleep)
        except BaseException as error:
            run.fail(error)
            raise
        run.finish("completed", exit_code(run.manifest))
        return run.manifest

    def rows(self, resource: str) -> list[dict[str, Any]]:
        """Bronze lines in the order of their objects."""
        return self._lines(f"raw-data/{resource}")

    def set_aside(self, resource: str) -> list[dict[str, Any]]:
        return self._lines(f"quarantine/{resource}")

    def keys(self, resource: str) -> list[str]:
        return [row["visitor_key"] for row in self.rows(resource)]

    def manifests(self) -> list[Manifest]:
        return read_manifests(self.lake())

    def objects(self, prefix: str) -> list[str]:
        return [key for key in self.home.keys() if key.startswith(f"{prefix}/")]  # noqa: SIM118

    def every_byte(self) -> dict[str, bytes]:
        """What the lake holds; locks are not data."""
        return {key: self.home.read(key) for key in self.home.keys()}  # noqa: SIM118

    def text(self) -> str:
        """What the lake holds, unpacked, keys included."""
        bodies = (
            gzip.decompress(body) if key.endswith(".gz") else body
            for key, body in self.every_byte().items()
        )
        return b"\n".join([*bodies, *(key.encode() for key in self.home.keys())]).decode()  # noqa: SIM118

    def state(self, resource: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.home.read(f"state/{resource}.json"))
        return found

    def _lines(self, folder: str) -> list[dict[str, Any]]:
        found = (self.home.read(key) for key in self.objects(folder) if key.endswith(".json.gz"))
        return [json.loads(line) for body in found for line in gzip.decompress(body).splitlines()]


@pytest.fixture(autouse=True)
def _no_waiting_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody cuts the power of a test: only its order of calls matters, not the disk's answer."""
    monkeypatch.setattr(os, "fsync", lambda _descriptor: None)


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """No setting and no .env of the machine; what a test's .env exports ends with it."""
    saved = dict(os.environ)
    for name in setting_names():
        monkeypatch.delenv(name, raising=False)
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    yield
    monkeypatch.undo()
    os.environ.clear()
    os.environ.update(saved)


@pytest.fixture
def api() -> Account:
    return Account()


@pytest.fixture
def wire(api: Account) -> Iterator[Wire]:
    with Wire(api).running() as running:
        yield running


@pytest.fixture(scope="session")
def moto() -> Iterator[str]:
    """The address of moto's server; its bucket and whatever tests leave there end with it."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(scope="session")
def s3(moto: str) -> Client:
    """The tests' own look into moto; the bucket is there."""
    client = boto3.session.Session("planted-key-id", AWS_SECRET, region_name="us-east-1").client(
        "s3", endpoint_url=moto
    )
    client.create_bucket(Bucket=BUCKET)
    return client


def empty(s3: Client) -> None:
    """Take from moto what a test left: it looks through all that it holds for each list."""
    requests.post(f"{s3.meta.endpoint_url}/moto-api/reset", timeout=30)
    s3.create_bucket(Bucket=BUCKET)


@pytest.fixture
def aws(moto: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """AWS as the process sees it: moto, and nothing of the machine's own."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in {
        "AWS_ENDPOINT_URL": moto,
        "AWS_ACCESS_KEY_ID": "planted-key-id",
        "AWS_SECRET_ACCESS_KEY": AWS_SECRET,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }.items():
        monkeypatch.setenv(name, value)
    return moto


@pytest.fixture
def bucket(aws: str, s3: Client) -> Iterator[Bucket]:  # noqa: ARG001
    yield Bucket(f"lakes/{uuid.uuid4().hex[:8]}", s3)
    empty(s3)


@pytest.fixture
def home(request: pytest.FixtureRequest, tmp_path: Path) -> Home:
    """A folder, unless the test is marked `both_lakes`."""
    if getattr(request, "param", "folder") == "s3":
        found: Bucket = request.getfixturevalue("bucket")
        return found
    return Folder(tmp_path / "lake")


@pytest.fixture
def bench(wire: Wire, api: Account, home: Home) -> Bench:
    return Bench(wire, api, home)
