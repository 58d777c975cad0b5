"""A list that shifts while it is paged: by the clock on the wall, or every few requests."""

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from sandbox.wistia.account.world import World


@dataclass(frozen=True)
class Pace:
    """How the list moves: the body of `POST /_sandbox/shift`.

    Either so many arrivals, returns and deletions a minute of the wall clock (`scale` minutes of
    the account's time pass in one), or, with `every_requests`, so many `arrivals`, `returns` and
    `deletions` before each so many-th request, `seconds` of the account's time passing each time.
    """

    arrivals_per_minute: float = 0
    returns_per_minute: float = 0
    deletions_per_minute: float = 0
    scale: float = 1
    every_requests: int = 0
    arrivals: int = 1
    returns: int = 1
    deletions: int = 0
    seconds: int = 1


@dataclass
class Movement:
    """Moves one account's list while a pace is set."""

    world: World
    chance: Random
    clock: Callable[[], float]
    pace: Pace | None = None
    moved: dict[str, int] = field(default_factory=dict)
    _began: float = 0
    _start: int = 0
    _requests: int = 0

    def set(self, pace: Pace | None) -> None:
        """Start moving at a pace, or stop with None."""
        self.catch_up()
        self.pace, self._requests = pace, 0
        self._began, self._start = self.clock(), self.world.now
        self.moved = {"arrivals": 0, "returns": 0, "deletions": 0}

    def skip(self, seconds: int) -> None:
        """Take note that the account's clock was put forward."""
        self._start += seconds

    def before_answer(self) -> None:
        """Let happen what is due when a request comes in."""
        if self.pace is None:
            return
        self._requests += 1
        if not self.pace.every_requests:
            self.catch_up()
        elif self._requests % self.pace.every_requests == 0:
            self.world.now += self.pace.seconds
            for kind in ("arrivals", "returns", "deletions"):
                for _ in range(getattr(self.pace, kind)):
                    self._move(kind, self.world.now)

    def catch_up(self) -> None:
        """Let happen what the wall clock says should have happened by now."""
        if self.pace is None or self.pace.every_requests:
            return
        minutes = (self.clock() - self._began) / 60
        due = []
        for kind in ("arrivals", "returns", "deletions"):
            rate = getattr(self.pace, f"{kind}_per_minute")
            done, wanted = self.moved[kind], int(minutes * rate)
            due += [((turn + 1) / rate, kind) for turn in range(done, wanted)]
        for minute, kind in sorted(due):
            self._move(kind, self._at(minute))
        self.world.now = max(self.world.now, self._at(minutes))

    def _at(self, minutes: float) -> int:
        scale = self.pace.scale if self.pace else 1
        return self._start + int(minutes * 60 * scale)

    def _move(self, kind: str, at: int) -> None:
        self.moved[kind] += 1
        if kind == "arrivals":
            self.world.arrive(at)
        elif kind == "returns":
            self.world.come_back(at, self.chance.random())
        else:
            self.world.delete(self.chance.random())
