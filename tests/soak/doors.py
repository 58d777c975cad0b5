"""Every command watched from outside: which doors it opens, and what stays when it is ended.

Each command is started, each of its listening sockets found and knocked at from another account.
Then commands are ended at drawn moments, by drawn signals, once in a while by the death of one
process in their middle: soon after, no process and no socket of theirs is left, no file that is
half-built stays past the next run, and that run ends well.
"""

import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from random import Random

from tests.soak.sameness import compared
from tests.soak.verdict import Verdict
from tests.support.commands.command_line import COMMAND, CommandLine, against
from tests.support.commands.doors import Answer, knock, listening
from tests.support.commands.running_up import ports
from tests.support.commands.stopping import command_of
from tests.support.machine.servers import running_sandbox

# What ends by itself; each listens nowhere. A folder must be new each time: {new}.
BY_ITSELF = (
    ("run",),
    ("ingest", "--full"),
    ("build",),
    ("build", "--full-refresh"),
    ("publish",),
    ("backfill", "--since", "2026-01-01"),
    ("status",),
    ("query", "select 1"),
    ("doctor",),
    ("doctor", "--lake", "--rebuild"),
    ("quarantine",),
    ("replay",),
    ("maintain",),
    ("rewind", "{today}", "--into", "past-{new}"),
    ("forget", "nobody@example.com", "--yes"),
)
SERVERS = (("serve",), ("up",))
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL)
_IN_TIME = {signal.SIGINT: 5.0, signal.SIGTERM: 10.0, signal.SIGHUP: 10.0, signal.SIGKILL: 10.0}
_GONE_SECONDS = 10.0
_HALF_BUILT = ("warehouse.building*", "**/*.part", "**/.tmp/*", "site.old")
_MARK = "DOORS_OF"


@dataclass
class Place:
    """A lake, and the commands that work in it."""

    cli: CommandLine
    seconds: dict[tuple[str, ...], float] = field(default_factory=dict)
    codes: dict[tuple[str, ...], int] = field(default_factory=dict)
    started: int = 0

    def start(self, command: tuple[str, ...]) -> subprocess.Popen[str]:
        """Start a command as a terminal does, its own group in front."""
        log = (self.cli.folder / "said.log").open("w")
        self.started += 1
        new = {"today": f"{datetime.now(UTC):%Y-%m-%d}", "new": self.started}
        return subprocess.Popen(
            [str(COMMAND), *(part.format(**new) for part in command)],
            cwd=self.cli.folder,
            env=self.cli.environment(**{_MARK: str(self.cli.folder)}),
            stdout=log,
            stderr=log,
            text=True,
            start_new_session=True,
        )

    @property
    def said(self) -> str:
        """The end of what the last command said."""
        return " ".join((self.cli.folder / "said.log").read_text()[-300:].split())

    def family(self) -> dict[int, str]:
        """Every process of the last command: by its environment, or at work in the folder."""
        mark = f"{_MARK}={self.cli.folder}".encode()
        found = {}
        for one in Path("/proc").glob("[0-9]*"):
            try:
                is_ours = mark in (one / "environ").read_bytes().split(b"\0")
                is_ours = is_ours or (one / "cwd").readlink().is_relative_to(self.cli.folder)
            except OSError:
                continue
            if is_ours and (command := command_of(int(one.name))):
                found[int(one.name)] = command
        return found

    def doors(self) -> set[str]:
        """Where they listen."""
        return listening(self.family())


@dataclass(frozen=True)
class Ended:
    """How a command ended after a signal, beside how it ends alone, and what was left."""

    command: tuple[str, ...]
    number: signal.Signals
    victim: str
    seconds: float
    code: int
    alone: int
    left: tuple[str, ...]

    @property
    def flaws(self) -> Iterator[str]:
        """What is not as it must be."""
        if self.left:
            yield f"{self}: left {self.left}"
        if self.victim == "command" and self.code not in {0, 3, self.alone}:
            wanted = -9 if self.number == signal.SIGKILL else 128 + self.number
            if self.code != wanted:
                yield f"{self}: {self.code}, not {wanted}"
            if self.seconds > _IN_TIME[self.number]:
                yield f"{self}: took {self.seconds:.1f} s"

    def __str__(self) -> str:
        """Return the command and the signal."""
        return f"{' '.join(self.command)} by {self.number.name} to its {self.victim}"


def doors(visitors: int, count: int = 50, seed: int = 1) -> Verdict:
    """Knock at every door, then end commands at so many drawn moments."""
    del visitors  # 300: what matters here is the processes
    verdict = Verdict("doors")
    with (
        running_sandbox(visitors=300, today="2026-01-10") as server,
        tempfile.TemporaryDirectory() as folder,
    ):
        # Another account must be able to come as far as the door.
        Path(folder).chmod(0o711)
        place = Place(against(server, Path(folder)))
        place.cli.settings |= {"PREFECT_HOME": f"{folder}/prefect", "OPERATIONS_PASSWORD": "x" * 12}
        place.cli.settings |= ports()
        _knock_at_all(place, verdict)
        _end_all(place, verdict, Random(seed), count)  # noqa: S311 - a repeatable draw
    return verdict


def _knock_at_all(place: Place, verdict: Verdict) -> None:
    opened: list[str] = []
    for command in BY_ITSELF:
        began = time.monotonic()
        with place.start(command) as process:
            found: set[str] = set()
            while process.poll() is None:
                found |= place.doors()
                time.sleep(0.05)
        place.seconds[command] = time.monotonic() - began
        place.codes[command] = process.wait()
        opened += [f"{' '.join(command)} at {address}" for address in found]
    verdict.expect(f"{len(BY_ITSELF)} commands listen nowhere {opened}", holds=not opened)
    for command in SERVERS:
        _knock_at(place, command, verdict)


def _knock_at(place: Place, command: tuple[str, ...], verdict: Verdict) -> None:
    began = time.monotonic()
    with place.start(command) as process:
        answers: dict[tuple[str, str], Answer] = {}
        while "Ctrl-C stops" not in place.said and process.poll() is None:
            # From its first moment on, not only when all is there.
            for answer in knock(place.doors(), as_nobody=True):
                answers[answer.address, answer.asked] = answer
        place.seconds[command] = time.monotonic() - began
        for answer in knock(place.doors(), as_nobody=True):
            answers[answer.address, answer.asked] = answer
        family = len(place.family())
        os.kill(process.pid, signal.SIGTERM)
    open_ones = [one for one in answers.values() if _is_open(one, place)]
    addresses = {one.address for one in answers.values()}
    verdict.expect(
        f"{' '.join(command)}: {len(addresses)} sockets of {family} processes answered "
        f"{len(answers)} knocks, {open_ones} without a secret",
        holds=bool(answers) and not open_ones,
    )


def _is_open(answer: Answer, place: Place) -> bool:
    """Whether a knock got more than the pages, which are for whoever reaches this machine."""
    if answer.allows != "-":
        return True
    if not answer.status.isdecimal() or answer.status in {"401", "403"}:
        return False
    if answer.address.endswith(f":{place.cli.settings['SERVE_PORT']}"):
        return answer.asked.startswith("POST") and answer.status < "400"
    return True


def _end_all(place: Place, verdict: Verdict, chance: Random, count: int) -> None:
    before = compared(place.cli)
    ended: list[Ended] = []
    healed = 0
    flaws: list[str] = []
    for number in range(1, count + 1):
        # Half of them in the stages of a run; one in ten in what takes half a minute to start.
        command = ("run",) if chance.random() < 0.5 else chance.choice(BY_ITSELF)
        command = chance.choice(SERVERS) if chance.random() < 0.1 else command
        ended.append(_end_one(place, command, chance))
        if number % 5 == 0 or number == count:
            flaws += _heal(place, before)
            healed += 1
    slowest = max((one.seconds for one in ended if one.number == signal.SIGINT), default=0.0)
    flaws += [flaw for one in ended for flaw in one.flaws]
    tried = {name.name: sum(one.number == name for one in ended) for name in SIGNALS}
    verdict.note(f"{count} signals {tried}, {len({one.command for one in ended})} commands")
    verdict.note(f"Ctrl-C took {slowest:.1f} s at most")
    verdict.expect(f"{healed} runs after them healed all; flaws {flaws[:5]}", holds=not flaws)


def _end_one(place: Place, command: tuple[str, ...], chance: Random) -> Ended:
    number = chance.choice(SIGNALS)
    with place.start(command) as process:
        with suppress(subprocess.TimeoutExpired):
            process.wait(chance.uniform(0.05, place.seconds[command]))
        victim, pid = "command", process.pid
        if number == signal.SIGKILL and chance.random() < 0.5:
            others = [one for one in place.family() if one != process.pid]
            victim, pid = ("helper", chance.choice(others)) if others else (victim, pid)
        began = time.monotonic()
        if process.poll() is None:
            # In a terminal the whole group in front is told.
            tell = os.killpg if number == signal.SIGINT else os.kill
            try:
                tell(pid, number)
            except ProcessLookupError:
                victim = "past"
        if victim == "helper" and command in SERVERS:
            # It is started again: what is to end is the command.
            time.sleep(3)
            process.terminate()
        code = process.wait(120)
        seconds = time.monotonic() - began
    while place.family() and time.monotonic() - began < seconds + _GONE_SECONDS:
        time.sleep(0.1)
    left = (*place.family().values(), *place.doors())
    # Who is gone already when the signal comes ends as it does undisturbed.
    alone = place.codes.get(command, 0)
    return Ended(command, number, victim, seconds, code, alone, left)


def _heal(place: Place, before: object) -> Iterator[str]:
    with place.start(("run",)) as process:
        code = process.wait()
    if code:
        yield f"the next run ended {code}: {place.said}"
        return
    stale = [path for pattern in _HALF_BUILT for path in place.cli.lake.glob(pattern)]
    if stale:
        yield f"after the next run there is {stale[:3]}"
    if compared(place.cli) != before:
        yield "the next run has other tables"
