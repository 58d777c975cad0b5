"""The account as a whole, and the only ways it changes."""

from dataclasses import dataclass, field
from random import Random
from typing import Literal, NamedTuple

from sandbox.wistia.account.activity import Calendar
from sandbox.wistia.account.media import Medium, open_library
from sandbox.wistia.account.people import Registry
from sandbox.wistia.account.visitors import VisitorList
from sandbox.wistia.chance import fraction, stream
from sandbox.wistia.clock import HOUR, in_milliseconds


class Load(NamedTuple):
    """A load of a player that nobody played, since the start."""

    at: int
    medium: int  # place in the library


class Play(NamedTuple):
    """One play since the start: which video, by whom, when."""

    at: int
    number: int
    medium: int  # place in the library


@dataclass(frozen=True)
class Change:
    """What happens in some hours: the body of `POST /_sandbox/advance`.

    `plays` are plays of the account's media, by those who came, and `loads` are loads of them
    that nobody played; without both people played something else and the media's figures stay.
    """

    new: int = 0
    returning: int = 0
    hours: float = 0
    deleted: int = 0
    deleted_from: Literal["oldest", "random"] = "random"
    plays: int = 0
    loads: int = 0


@dataclass
class World:
    """One invented account: its clock, people, media, and what happened since the start."""

    seed: int
    visitors_at_start: int
    now: int  # seconds since 1970; moves only through `apply` and a movement
    calendar: Calendar
    people: VisitorList
    library: list[Medium]
    plays: list[Play] = field(default_factory=list)
    loads: list[Load] = field(default_factory=list)
    history: list[dict[str, object]] = field(default_factory=list)

    @property
    def account_id(self) -> str:
        """Return what tells this account from every other one."""
        return f"sandbox-{self.seed}-{self.visitors_at_start}"

    def apply(self, change: Change) -> dict[str, object]:
        """Let time pass and things happen in it; return the account's state after them.

        Raises:
            ValueError: A number is negative, plays have no players, or more people should return or
                vanish than there are.
        """
        amounts = (change.new, change.returning, change.hours, change.deleted)
        if min(*amounts, change.plays, change.loads) < 0:
            raise ValueError("people and hours cannot be fewer than none")
        if change.plays and not change.new + change.returning:
            raise ValueError("plays need somebody who comes: say new or returning too")
        if change.returning > len(self.people) or change.deleted > len(self.people):
            raise ValueError(f"the account holds {len(self.people)} visitors only")
        begin, end = self.now, self.now + int(change.hours * HOUR)
        chance = stream(self.seed, "advance", len(self.history))
        came = ["new"] * change.new + ["returning"] * change.returning
        chance.shuffle(came)
        moments = sorted(chance.randint(min(begin + 1, end), end) for _ in came)
        numbers = [
            self._come(kind, at, before)
            for before, (kind, at) in enumerate(zip(came, moments, strict=True))
        ]
        for _ in range(change.deleted):
            last = len(self.people) - 1
            self.people.delete(last if change.deleted_from == "oldest" else chance.randint(0, last))
        self.now = end
        self._play(change.plays, list(zip(moments, numbers, strict=True)))
        self._load(change.loads, begin, end)
        self.history.append(
            {
                "now": in_milliseconds(end),
                "new": change.new,
                "returning": change.returning,
                "deleted": change.deleted,
                "plays": change.plays,
                "visitors": len(self.people),
            }
        )
        return self.state()

    def state(self) -> dict[str, object]:
        """Return the account's clock, size and history."""
        return {
            "now": in_milliseconds(self.now),
            "start": in_milliseconds(self.calendar.start),
            "seed": self.seed,
            "account": self.account_id,
            "visitors": len(self.people),
            "media": [medium.hashed_id for medium in self.library],
            "history": self.history,
        }

    def medium(self, name: str) -> Medium | None:
        """Return the video with this hashed or numeric id."""
        wanted = (m for m in self.library if name in (m.hashed_id, str(m.number)))
        return next(wanted, None)

    def plays_of(self, medium: Medium) -> list[Play]:
        """Return a video's plays since the start, oldest first."""
        place = self.library.index(medium)
        return [play for play in self.plays if play.medium == place]

    def loads_of(self, medium: Medium) -> list[Load]:
        """Return a video's loads without a play since the start, oldest first."""
        place = self.library.index(medium)
        return [load for load in self.loads if load.medium == place]

    def arrive(self, at: int) -> None:
        """Let one new visitor come; the clock follows."""
        self.now = max(self.now, at)
        self.people.arrive(self.now)

    def come_back(self, at: int, depth: float) -> None:
        """Let the visitor at a depth (0 the front, 1 the end) return; the clock follows."""
        self.now = max(self.now, at)
        if len(self.people):
            self.people.come_back(int(depth * len(self.people)), self.now)

    def delete(self, depth: float) -> None:
        """Remove the visitor at a depth (0 the front, 1 the end)."""
        if len(self.people):
            self.people.delete(int(depth * len(self.people)))

    def _come(self, kind: str, at: int, before: int) -> int:
        if kind == "new":
            return self.people.arrive(at)
        # Whoever came before in the same advance stands in front: nobody returns twice in one.
        size = len(self.people)
        place = before + int(fraction(self.seed, at, size) * (size - before))
        return self.people.come_back(place, at)

    def _play(self, plays: int, came: list[tuple[int, int]]) -> None:
        """Spread plays over those who came and over the media by their fame."""
        if not plays or not self.library or not came:
            return
        chance = stream(self.seed, "plays", len(self.history))
        chosen = self._choose(chance, plays)
        # Fewer plays than people are spread over all the hours that passed.
        step = max(len(came) / plays, 1)
        for turn, place in enumerate(chosen):
            at, number = came[int(turn * step) % len(came)]
            self.plays.append(Play(at, number, place))
        self.plays.sort()
        for place, medium in enumerate(self.library):
            medium.play(chosen.count(place))

    def _load(self, loads: int, begin: int, end: int) -> None:
        """Let players be loaded that nobody plays, at any moment, by the media's fame."""
        if not loads or not self.library:
            return
        chance = stream(self.seed, "loads", len(self.history))
        chosen = self._choose(chance, loads)
        self.loads += [Load(chance.randint(min(begin + 1, end), end), one) for one in chosen]
        self.loads.sort()
        for place, medium in enumerate(self.library):
            medium.load(chosen.count(place))

    def _choose(self, chance: Random, times: int) -> list[int]:
        fame = [medium.play_count for medium in self.library]
        return chance.choices(range(len(fame)), weights=fame, k=times)


def create_world(seed: int, visitors: int, media: int, identified: float, start: int) -> World:
    """Create an account; `start` is the moment of its first run, in seconds since 1970."""
    calendar = Calendar(seed, start)
    people = VisitorList(seed, visitors, calendar, Registry(seed, identified))
    return World(seed, visitors, start, calendar, people, open_library(seed, media, start))
