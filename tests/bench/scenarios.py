"""What is measured: a full load, a day, a list that moves, a million visitors."""

import json
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import requests

from tests.bench.contestants import Contestant
from tests.bench.measure import Took
from tests.soak.lakes import Record, find_gaps, last_activity
from tests.support.machine.servers import Sandbox, running_sandbox

LIMIT = 600  # requests a minute, Wistia's
# 2 % of the answers, as a network breaks them.
FAULTS = (
    {"kind": "500", "rate": 0.01},
    {"kind": "reset", "rate": 0.005},
    {"kind": "truncate", "rate": 0.005},
)


@dataclass(frozen=True)
class Scale:
    """How large the account is, and how many times faster than real its API."""

    visitors: int
    speed: int = 10

    @property
    def limit(self) -> int:
        """Requests a minute at that speed."""
        return LIMIT * self.speed

    @contextmanager
    def account(self) -> Iterator[Sandbox]:
        """Run the sandbox: latency and limit in the real API's proportion."""
        with running_sandbox(
            visitors=self.visitors, latency=1 / self.speed, rate_limit=self.limit
        ) as sandbox:
            yield sandbox


@dataclass(frozen=True)
class Result:
    """One measured run."""

    scenario: str
    who: str
    scale: Scale
    took: Took


def read_truth(sandbox: Sandbox) -> Iterator[Record]:
    """Yield the account's whole list; a million visitors are never held at once."""
    address = f"{sandbox.origin}/_sandbox/visitors"
    with requests.get(address, stream=True, timeout=600) as answer:
        yield from map(json.loads, answer.iter_lines(1 << 20))


def run_days(who: Contestant, scale: Scale) -> Iterator[Result]:
    """A full load into nothing, then the day after: 4 new visitors and 20 who come back."""
    with scale.account() as sandbox, tempfile.TemporaryDirectory() as home:
        yield Result("full load", who.name, scale, _copy(who, sandbox, Path(home)))
        sandbox.advance(new=4, returning=20, hours=24)
        yield Result("a day", who.name, scale, _copy(who, sandbox, Path(home)))


def run_moving(who: Contestant, scale: Scale) -> Iterator[Result]:
    """A full load while 6 visitors arrive and 6 return a minute and 2 % fail; then another run."""
    a_minute = 6 * scale.speed
    pace = {"arrivals_per_minute": a_minute, "returns_per_minute": a_minute, "scale": scale.speed}
    with scale.account() as sandbox, tempfile.TemporaryDirectory() as home:
        before = list(read_truth(sandbox))
        sandbox.control("POST", "shift", pace)
        sandbox.faults(*({"path": "/stats/visitors", **fault} for fault in FAULTS))
        first = who.run(sandbox, Path(home))
        sandbox.control("DELETE", "shift")
        yield Result("moving list", who.name, scale, _judge(who, Path(home), first, before))
        yield Result("the next run", who.name, scale, _copy(who, sandbox, Path(home)))


def run_full(who: Contestant, scale: Scale) -> Iterator[Result]:
    """A full load into nothing."""
    with scale.account() as sandbox, tempfile.TemporaryDirectory() as home:
        yield Result("full load", who.name, scale, _copy(who, sandbox, Path(home)))


def _copy(who: Contestant, sandbox: Sandbox, home: Path) -> Took:
    return _judge(who, home, who.run(sandbox, home), read_truth(sandbox))


def _judge(who: Contestant, home: Path, took: Took, truth: Iterable[Record]) -> Took:
    return replace(took, gaps=find_gaps(last_activity(who.rows(home)), truth))
