"""The `/stats/events` address: plays written out as the API writes them."""

from datetime import UTC, datetime, timedelta
from random import Random
from typing import NamedTuple

from starlette.requests import Request

from sandbox.wistia.account.media import Medium
from sandbox.wistia.account.plays import Plays, Received
from sandbox.wistia.account.world import World
from sandbox.wistia.api.answers import day_of, is_modern, page_of
from sandbox.wistia.api.stats import SEEN_PER_PAGE
from sandbox.wistia.chance import digest, stream
from sandbox.wistia.clock import DAY, day_start, in_milliseconds

KEPT = timedelta(days=730)  # the API shows two years
_MILLISECOND_DIGITS = 13

# Measured shares; the last one is invented.
_NOTHING_SHARE = 0.032
_NO_CITY_SHARE = 0.046
_NO_PAGE_SHARE = 0.013
_CONVERSION_SHARE = 0.012


class Place(NamedTuple):
    """Where an address is said to be."""

    country: str
    region: str
    city: str
    lat: float
    lon: float


_PLACES = (
    Place("US", "CA", "San Diego", 32.7157, -117.1647),
    Place("US", "TX", "Austin", 30.2711, -97.7437),
    Place("US", "NY", "New York", 40.7143, -74.006),
    Place("CA", "QC", "Montréal", 45.5088, -73.5878),
    Place("DE", "BE", "Berlin", 52.5244, 13.4105),
    Place("JP", "13", "東京", 35.6895, 139.6917),
    Place("BR", "SP", "São Paulo", -23.5475, -46.6361),
)
_PAGES = ("/", "/tour", "/pricing", "/blog/a-sample", "/kundenfälle")
_QUERIES = ("", "", "?utm_source=newsletter&utm_medium=email", "?ref=sample&uid=4711", "?q=ä#video")


class Events:
    """Answers about one account's events."""

    def __init__(self, world: World, page_cap: int) -> None:
        """Answer from this account, at most `page_cap` rows a page."""
        self.world, self.page_cap = world, page_cap
        self.plays = Plays(world)

    def events(self, request: Request) -> list[dict[str, object]]:
        """Answer `/stats/events`: UTC days, both inclusive; nothing for a reversed window."""
        offset, limit = page_of(request, SEEN_PER_PAGE, self.page_cap)
        today = datetime.fromtimestamp(self.world.now, UTC).date()
        oldest = today - KEPT
        first = max(day_of(request, "start_date", oldest), oldest)
        last = min(day_of(request, "end_date", today), today)
        begin, end = day_start(first), day_start(last) + DAY
        wanted = request.query_params.get("media_id")
        place = self._place(wanted) if wanted else None
        if wanted and place is None:
            return []
        page: list[Received] = []
        for day in self.plays.days(begin, end):
            events = day if place is None else [event for event in day if event.medium == place]
            page += events[offset : offset + limit - len(page)]
            offset = max(offset - len(events), 0)
            if len(page) == limit:
                break
        return [self.body(event, modern=is_modern(request)) for event in page]

    def body(self, event: Received, *, modern: bool) -> dict[str, object]:
        """Return an event as the API writes it; the maintained line gives it twice."""
        body = self._body(event)
        if modern:
            # "Raw event attributes": no answer with them was ever recorded, so all are there.
            body["attributes"] = dict(body)
        return body

    def _body(self, event: Received) -> dict[str, object]:
        people, medium = self.world.people, self.world.library[event.medium]
        key = self._key(event)
        identity = people.registry.identity(event.number)
        chance = stream(self.world.seed, "event", key[_MILLISECOND_DIGITS:])
        viewed = percent_viewed(chance, medium.engagement)
        if event.repeat:
            viewed += (1 - viewed) / 2
        return {
            "received_at": in_milliseconds(event.received_at),
            "event_key": key,
            "visitor_key": people.registry.key(event.number),
            **self._where(event.number),
            "email": identity.email or None,
            "percent_viewed": viewed,
            "embed_url": embed_url(chance),
            **conversion(chance, event.number),
            "iframe_heatmap_url": f"https://sandbox.example.com/events/{key}/iframe.html",
            "media_id": medium.hashed_id,
            "media_name": medium.name,
            "media_url": f"https://sandbox.example.com/medias/{medium.hashed_id}",
            "thumbnail": _still(medium),
            "user_agent_details": people.visitor(event.number).agent.body(),
        }

    def _key(self, event: Received) -> str:
        return self.world.people.key_of_play(event.number, event.at)

    def _place(self, name: str) -> int | None:
        medium = self.world.medium(name)
        return None if medium is None else self.world.library.index(medium)

    def _where(self, number: int) -> dict[str, object]:
        """Return a visitor's address and where it is; 4.6 % have no city."""
        chance = stream(self.world.seed, "where", number)
        place = chance.choices(_PLACES, weights=(9, 8, 8, 3, 2, 1, 1))[0]
        # RFC 5737's documentation networks: nobody's address.
        network = chance.choice(("192.0.2", "198.51.100", "203.0.113"))
        return {
            "ip": f"{network}.{chance.randrange(256)}",
            "country": place.country,
            "region": place.region,
            "city": "" if chance.random() < _NO_CITY_SHARE else place.city,
            "lat": place.lat,
            "lon": place.lon,
            "org": chance.choice(("Example Telecom", "Sample Cable", "", "Ünïversity of Nowhere")),
        }


def percent_viewed(chance: Random, engagement: float) -> float:
    """Return how much of a video one play saw, 0 to 1, on average the video's engagement.

    3.2 % of all plays saw nothing and, over the predecessor's two media, 21.7 % everything.
    """
    draw = chance.random()
    whole = max(0.694 * engagement - 0.066, 0.02)
    if draw < _NOTHING_SHARE:
        return 0.0
    if draw < _NOTHING_SHARE + whole:
        return 1.0
    mean = max((engagement - whole) / (1 - _NOTHING_SHARE - whole), 0.01)
    return float(chance.random() ** (1 / mean - 1))


def embed_url(chance: Random) -> str:
    """Return the page a play was on; 1.3 % are blank, many carry a query."""
    if chance.random() < _NO_PAGE_SHARE:
        return ""
    return f"https://www.example.com{chance.choice(_PAGES)}{chance.choice(_QUERIES)}"


def conversion(chance: Random, number: int) -> dict[str, object]:
    """Return what a play led to: an object for the few that did, empty text for the others."""
    if chance.random() >= _CONVERSION_SHARE:
        return {"conversion_type": "", "conversion_data": ""}
    data = {
        "email": f"lead.{number}@example.org",
        "first_name": "Sam",
        "last_name": "Example",
        "is_new_lead": chance.choice((True, False)),
    }
    return {"conversion_type": "turnstile", "conversion_data": data}


def _still(medium: Medium) -> dict[str, object]:
    size = 30_000 + int(digest(2, "still", medium.hashed_id), 16)
    kind = {"contentType": "image/jpeg", "type": "StillImageFile"}
    return medium.thumbnail() | {"fileSize": size} | kind
