import gzip
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from ingestion.ingest import exit_code, ingest
from ingestion.lake import LocalLake, open_lake
from ingestion.manifest import Manifest, read_manifests, start_run
from ingestion.settings import Settings, setting_names
from ingestion.work import Scope
from tests.ingestion.account import TOKEN, Account
from tests.ingestion.wire import Timeline, Wire


@dataclass
class Clock:
    """UTC; each look is a millisecond later than the one before."""

    now: datetime = datetime(2026, 1, 9, 0, 1, 48, tzinfo=UTC)

    def __call__(self) -> datetime:
        self.now += timedelta(milliseconds=1)
        return self.now


@dataclass
class Bench:
    """A server, a folder and the ingester between them."""

    wire: Wire
    api: Account
    root: Path
    clock: Clock = field(default_factory=Clock)
    time: Timeline = field(default_factory=Timeline)

    def settings(self, **changes: Any) -> Settings:  # noqa: ANN401
        chosen: dict[str, Any] = {
            "wistia_base_url": self.wire.base_url,
            "wistia_api_token": SecretStr(TOKEN),
            "wistia_requests_per_minute": 0,
            "lake_uri": str(self.root),
        } | changes
        return Settings(**chosen)

    def ingest(self, scope: Scope | None = None, **changes: Any) -> Manifest:  # noqa: ANN401
        """Run as the command does, record and all."""
        settings = self.settings(**changes)
        lake = open_lake(settings)
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
        return self._lines(self.root / "raw-data" / resource)

    def set_aside(self, resource: str) -> list[dict[str, Any]]:
        return self._lines(self.root / "quarantine" / resource)

    def keys(self, resource: str) -> list[str]:
        return [row["visitor_key"] for row in self.rows(resource)]

    def manifests(self) -> list[Manifest]:
        return read_manifests(LocalLake(self.root))

    def objects(self, prefix: str) -> list[str]:
        found = (self.root / prefix).rglob("*")
        return sorted(p.relative_to(self.root).as_posix() for p in found if p.is_file())

    def every_byte(self) -> dict[str, bytes]:
        """What the lake holds; locks are not data."""
        found = (p for p in self.root.rglob("*") if p.is_file() and ".locks" not in p.parts)
        return {p.relative_to(self.root).as_posix(): p.read_bytes() for p in found}

    def state(self, resource: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.root / f"state/{resource}.json").read_text())
        return found

    def _lines(self, folder: Path) -> list[dict[str, Any]]:
        files = sorted(folder.rglob("*.json.gz"))
        return [json.loads(line) for file in files for line in gzip.open(file, "rb")]


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


@pytest.fixture
def bench(wire: Wire, api: Account, tmp_path: Path) -> Bench:
    return Bench(wire, api, tmp_path / "lake")
