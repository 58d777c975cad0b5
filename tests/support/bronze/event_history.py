"""A drawn history of events and days, and what its tables must hold, counted in plain Python.

Events come late, twice, again under their key on another day, of another video or visitor, and
restated under the same time; days are told again; a video gets another length, another one is
listed a day after its first event; a file lies in yesterday's partition; a clock is put forward.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import permutations
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from tests.support.bronze.writer import BronzeWriter, event

Row = tuple[Any, ...]
ZONE = ZoneInfo("America/New_York")
# The zone's clocks are put forward on 8 March.
LANDINGS = [datetime(2026, 3, day, 13, 1, tzinfo=UTC) for day in (6, 7, 8, 10)]
NOT_LISTED, CHANGED = "listed late", "changed"
LENGTHS = {CHANGED: 100, "steady": 435.456, NOT_LISTED: 60}
SHORTER = 80
PAGES = {
    "https://www.example.com/tour?uid=4711#a": "www.example.com/tour",
    "https://login@www.example.com/tour": "www.example.com/tour",
    "https://www.example.com/": "www.example.com/",
    "": "unknown",
}
COUNTRIES = {"DE": "DE", "US": "US", "": "unknown"}
MILLISECOND = timedelta(milliseconds=1)


def iso(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


@dataclass(frozen=True)
class Told:
    """One state of an event as it loaded; `twentieths` of the video were watched."""

    key: str
    received: datetime
    visitor: str
    medium: str
    twentieths: int
    country: str
    page: str
    conversion: str

    @property
    def record(self) -> dict[str, Any]:
        return event(
            self.key,
            iso(self.received),
            visitor_key=self.visitor,
            media_id=self.medium,
            percent_viewed=self.twentieths / 20,
            country=self.country,
            embed_url=self.page,
            conversion_type=self.conversion,
        )

    @property
    def local(self) -> datetime:
        return self.received.astimezone(ZONE)

    @property
    def day(self) -> date:
        return self.local.date()


@dataclass
class History:
    """What loaded so far, and how to load more."""

    chance: Random
    landed: list[tuple[datetime, Told]] = field(default_factory=list)
    days: dict[tuple[str, date], tuple[int, int]] = field(default_factory=dict)
    landings: int = 0

    def land(self, bronze: BronzeWriter) -> None:
        """Load what comes next, in two files; the second as if the last run had written it."""
        at = LANDINGS[self.landings]
        late = LANDINGS[self.landings - 1] + timedelta(hours=1) if self.landings else at
        for moment, name, count in ((at, "part", 120), (late, "written_late", 15)):
            rows = list(self._draw(at, moment, count))
            bronze.write_events([told.record for told in rows], iso(moment), name=name)
            self.landed += [(moment, told) for told in rows]
        self._land_days(bronze, at)
        self._land_media(bronze, at)
        self.landings += 1

    def _draw(self, at: datetime, moment: datetime, count: int) -> Iterator[Told]:
        before = [told for _, told in self.landed]
        # Of one key and time one content in a loading: which is newer nobody could tell.
        taken = {(told.key, told.received) for held, told in self.landed if held == moment}
        for number in range(count):
            told = self._new(f"e{self.landings}-{moment.hour}-{number}", at)
            if before and number % 3 == 0:
                told = self._again(self.chance.choice(before), told, number)
            if (told.key, told.received) not in taken:
                taken.add((told.key, told.received))
                yield told
                if number % 10 == 0:
                    yield told

    def _new(self, key: str, at: datetime) -> Told:
        chance = self.chance
        media = [CHANGED, "steady"] + [NOT_LISTED] * (self.landings == 1)
        return Told(
            key,
            at - chance.randrange(1, 50 * 3_600_000) * MILLISECOND,
            f"v{chance.randrange(60)}",
            chance.choice(media),
            chance.choice([0, 20, chance.randrange(21)]),
            chance.choice(list(COUNTRIES)),
            chance.choice(list(PAGES)),
            chance.choice(["", "", "turnstile"]),
        )

    def _again(self, old: Told, other: Told, number: int) -> Told:
        """An event under its key again: the same, restated, or at another time."""
        if number % 4 == 0:
            return old
        received = old.received if number % 4 == 1 else other.received
        visitor = other.visitor if number % 2 else old.visitor
        return Told(old.key, received, visitor, other.medium, *_content(other))

    def _land_days(self, bronze: BronzeWriter, at: datetime) -> None:
        for medium in (CHANGED, "steady"):
            rows = []
            for back in self.chance.sample(range(12), 6):
                day = at.astimezone(ZONE).date() - back * timedelta(days=1)
                loads, plays = self.chance.randrange(60, 90), self.chance.randrange(30)
                self.days[medium, day] = loads, plays
                told = {"load_count": loads, "play_count": plays, "hours_watched": 0.5}
                rows.append({"date": day.isoformat(), **told})
            bronze.write_days(medium, rows, iso(at))

    def _land_media(self, bronze: BronzeWriter, at: datetime) -> None:
        lengths: dict[str, float] = {}
        if self.landings == 0:
            lengths = {name: LENGTHS[name] for name in (CHANGED, "steady")}
        if self.landings == 2:
            lengths = {CHANGED: SHORTER, NOT_LISTED: LENGTHS[NOT_LISTED]}
        items = [{"hashed_id": key, "name": key, "duration": n} for key, n in lengths.items()]
        if items:
            bronze.write_medias(items, iso(at))

    def events(self) -> list[Told]:
        """Each event in its newest state."""
        newest: dict[str, tuple[datetime, datetime, Told]] = {}
        for at, told in self.landed:
            held = newest.get(told.key)
            if held is None or (told.received, at) > held[:2]:
                newest[told.key] = told.received, at, told
        return [told for _, _, told in newest.values()]

    def milliseconds(self, events: Iterable[Told]) -> int | None:
        """Watched by all of them whose video's length is known; None where none is."""
        known = [
            round(told.twentieths * self._length(told) * 1000 / 20)
            for told in events
            if told.medium != NOT_LISTED or self.landings > 2
        ]
        return sum(known) if known else None

    def _length(self, told: Told) -> float:
        is_shorter = told.medium == CHANGED and self.landings > 2 and told.received >= LANDINGS[2]
        return SHORTER if is_shorter else LENGTHS[told.medium]


def _content(told: Told) -> tuple[int, str, str, str]:
    return told.twentieths, told.country, told.page, told.conversion


def _by(events: Iterable[Told], *names: str) -> dict[Row, list[Told]]:
    found: dict[Row, list[Told]] = defaultdict(list)
    for told in events:
        found[tuple(getattr(told, name) for name in names)].append(told)
    return found


def media_daily(history: History) -> list[Row]:
    groups = _by(history.events(), "medium", "day")
    rows: list[Row] = []
    days = [day for _, day in groups]
    for key in {*groups, *history.days}:
        events = groups.get(key, [])
        watched = history.milliseconds(events) if events else 0
        reached = [sum(told.twentieths >= share for told in events) for share in (5, 10, 15, 20)]
        people = len({told.visitor for told in events})
        hours = None if watched is None else watched / 3_600_000
        reported = history.days.get((key[0], key[1]), (None, None))
        counts = (len(events), people, *reached, hours)
        if not (min(days) <= key[1] <= max(days) or reported[1] == 0):
            counts = (None,) * len(counts)
        rows.append((*key, *reported, *counts))
    return sorted(rows, key=str)


def visitor_media(history: History) -> list[Row]:
    return sorted(
        (
            *key,
            len(events),
            len({told.day for told in events}),
            max(told.twentieths for told in events) / 20,
            sum(told.twentieths * 50_000 for told in events) / len(events) / 1_000_000,
            sum(told.twentieths == 20 for told in events),
            None if (watched := history.milliseconds(events)) is None else watched / 1000,
            min(told.received for told in events).replace(tzinfo=None),
            max(told.received for told in events).replace(tzinfo=None),
        )
        for key, events in _by(history.events(), "visitor", "medium").items()
    )


def media_daily_breakdown(history: History) -> list[Row]:
    groups: dict[Row, list[Told]] = defaultdict(list)
    for told in history.events():
        tenth = 11 if told.twentieths == 20 else told.twentieths // 2 + 1
        band = tenth if told.twentieths else 0
        labels = {
            "country": COUNTRIES[told.country],
            "embed_page": PAGES[told.page],
            "watch_depth": str(band),
            "conversion": told.conversion,
            "utm_source": "none",
            "device": "Desktop",
            "hour_of_week": f"{told.local.isoweekday()} {told.local:%H}",
        }
        for dimension, label in labels.items():
            if label:
                groups[told.medium, told.day, dimension, label].append(told)
    rows = []
    for key, events in groups.items():
        watched = history.milliseconds(events)
        rows.append((*key, len(events), None if watched is None else watched / 1000))
    return sorted(rows, key=str)


def media_overlap(history: History) -> list[Row]:
    groups = _by(history.events(), "medium").items()
    people = {key[0]: {told.visitor for told in events} for key, events in groups}
    return sorted(
        (one, other, len(people[one] & people[other]), len(people[one]))
        for one, other in permutations(people, 2)
        if people[one] & people[other]
    )
